//! Laws of the features: equal to TA-Lib, scale-free, blind to the future, the same streamed and in batch.

mod formulas;
mod laws;
mod talib;

use super::Bar;

const DAY: i64 = 86_400_000_000_000;

/// 300 real daily bars of AAPL, adjusted, with TA-Lib's indicators beside them.
const GOLDEN: &str = include_str!("../../../tests/golden/talib_aapl.csv");

/// A CSV of numbers, read by column name; an empty field is absent.
struct Table {
    names: Vec<&'static str>,
    rows: Vec<Vec<Option<f64>>>,
}

impl Table {
    fn golden() -> Self {
        let mut lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
        let names = lines.next().unwrap().split(',').collect();
        let rows = lines.map(|line| line.split(',').map(|field| field.parse().ok()).collect()).collect();
        Self { names, rows }
    }

    fn column(&self, name: &str) -> Vec<Option<f64>> {
        let at = self.names.iter().position(|known| *known == name).unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|row| row[at]).collect()
    }

    fn bars(&self) -> Vec<Bar> {
        let [open, high, low, close, volume] = ["open", "high", "low", "close", "volume"].map(|name| self.column(name));
        (0..self.rows.len())
            .map(|at| Bar {
                // Calendar days are enough: only the day of the week is read from the time.
                time: at as i64 * DAY,
                open: open[at].unwrap(),
                high: high[at].unwrap(),
                low: low[at].unwrap(),
                close: close[at].unwrap(),
                volume: volume[at].unwrap(),
            })
            .collect()
    }
}

fn real_bars() -> Vec<Bar> {
    Table::golden().bars()
}
