use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tickmesh_mesh::readiness::Latch;
use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use super::Desk;
use crate::bar::Bar;
use crate::csv::{BUNDLED, Options, Reader};
use crate::error::Error;
use crate::market::Market;
use crate::store::Mark;

/// Bars stored in one transaction.
const BATCH: usize = 20_000;

/// Faults of rows that are logged one by one.
const LOGGED: usize = 20;

/// The file of daily bars that a feed begins with.
#[derive(Clone, Debug)]
pub struct Data {
    name: String,
    symbol: Option<Symbol>,
    bytes: Arc<[u8]>,
}

impl Data {
    /// The bundled bars, or those of a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::bundled()) };
        let bytes = std::fs::read(path).map_err(|source| Error::Data { path: path.to_owned(), source })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
        Ok(Self { name, symbol: Symbol::try_from(stem).ok(), bytes: bytes.into() })
    }

    /// The bundled bars.
    pub fn bundled() -> Self {
        Self { name: "bundled".into(), symbol: None, bytes: BUNDLED.into() }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the file, in hexadecimal digits.
    pub fn digest(&self) -> String {
        Sha256::digest(&self.bytes).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes all");
            text
        })
    }

    /// All bars that can be used, in order of open time, then symbol; of two rows with one key the later one counts, as
    /// in the store. Bad rows are logged with line and rule; one that closes after `until` is such a row. `None` when
    /// told to stop first.
    ///
    /// # Errors
    /// If the header is of no use, or there is no usable row.
    pub(super) async fn bars(&self, desk: &Desk, until: Option<Timestamp>) -> Result<Option<Vec<Bar>>, Error> {
        let this = self.clone();
        desk.compute(move || this.parse(until)).await?.transpose()
    }

    fn parse(&self, until: Option<Timestamp>) -> Result<Vec<Bar>, Error> {
        let options = Options { symbol: self.symbol.clone(), time_frame: TimeFrame::D1, until };
        let rows = Reader::new(Cursor::new(Arc::clone(&self.bytes)), options);
        let rows = rows.map_err(|source| Error::Header { name: self.name.clone(), source })?;
        let (mut bars, mut faults) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                Ok(bar) => bars.push(bar),
                Err(fault) => faults.push(fault.to_string()),
            }
        }
        self.report(&faults);
        if bars.is_empty() {
            let first = faults.into_iter().next().unwrap_or_else(|| "the file has no rows".into());
            return Err(Error::NoBars(self.name.clone(), first));
        }
        Ok(in_order(bars))
    }

    fn report(&self, faults: &[String]) {
        for fault in faults.iter().take(LOGGED) {
            tracing::warn!(file = self.name, "{fault}");
        }
        if faults.len() > LOGGED {
            tracing::warn!(file = self.name, "{} more rows cannot be used", faults.len() - LOGGED);
        }
    }
}

/// The bars by open time, then symbol, the last one given of each.
fn in_order(mut bars: Vec<Bar>) -> Vec<Bar> {
    bars.sort_by(|a, b| (a.candle.open_time, &a.series).cmp(&(b.candle.open_time, &b.series)));
    bars.dedup_by(|later, earlier| {
        let same = (later.candle.open_time, &later.series) == (earlier.candle.open_time, &earlier.series);
        if same {
            // What is kept is the earlier place.
            std::mem::swap(later, earlier);
        }
        same
    });
    bars
}

/// Stores bars as history, batch by batch, saying how far it is, and in the end remembers that of `digest` all are
/// there.
pub(super) async fn import(
    market: &Market,
    bars: &[Bar],
    source: &str,
    digest: String,
    latch: &Latch,
) -> Result<(), Error> {
    let total = bars.len() as u64;
    latch.progress(0, total, "bars");
    for (n, batch) in bars.chunks(BATCH).enumerate() {
        market.import(batch.to_vec(), source, Vec::new()).await?;
        latch.progress(total.min(((n + 1) * BATCH) as u64), total, "bars");
    }
    market.import(Vec::new(), source, vec![(Mark::HistoryImported, digest)]).await?;
    market.refold().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(rows: &str) -> Data {
        let text = format!("symbol,date,open,high,low,close\n{rows}");
        Data { name: "rows.csv".into(), symbol: None, bytes: text.into_bytes().into() }
    }

    fn closes(bars: Vec<Bar>) -> Vec<f64> {
        bars.into_iter().map(|bar| bar.candle.close).collect()
    }

    #[test]
    fn of_two_rows_with_one_key_the_later_one_counts() {
        let rows = "A,2021-01-05,3,3,3,3\nA,2021-01-04,1,1,1,1\nA,2021-01-04,2,2,2,2\n";
        assert_eq!(closes(data(rows).parse(None).unwrap()), [2.0, 3.0]);
    }

    #[test]
    fn a_row_that_closes_later_than_it_may_is_a_bad_one() {
        let rows = "A,2021-01-04,1,1,1,1\nA,2250-01-04,2,2,2,2\n";
        let until = Some(Timestamp::from_nanos(1_700_000_000_000_000_000));
        assert_eq!(closes(data(rows).parse(until).unwrap()), [1.0]);
        let error = data("A,2250-01-04,2,2,2,2\n").parse(until).unwrap_err().to_string();
        assert!(error.ends_with("line 2: date must not close after 2023-11-14T22:13:20Z"), "{error}");
    }
}
