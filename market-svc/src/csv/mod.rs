//! Bars from CSV text: headers in any order and case, gzip found by its first bytes, every bad row reported by its
//! line.
//!
//! | column | also called | meaning |
//! | --- | --- | --- |
//! | `symbol` | ticker | instrument; without this column the file's stem names it |
//! | `date` | datetime, timestamp, time, ts, open_time | ISO date of the session, or RFC 3339 moment at which the bar opens |
//! | `open` `high` `low` `close` | | raw prices |
//! | `adj_close` | adjclose, adjusted_close | close adjusted for dividends and splits; gives the adjustment factor |
//! | `volume` | vol | units traded; 0 without this column |
//! | `vwap`, `trade_count` | trades | optional |
//!
//! Case, spaces, `_` and `-` in headers do not matter; other columns are skipped.

mod header;
mod row;
mod when;

use std::fmt;
use std::io::{self, BufRead, BufReader};

use flate2::bufread::MultiGzDecoder;
use tickmesh_proto::types::{Symbol, TimeFrame, Timestamp};

use crate::bar::Bar;

pub use header::HeaderError;
pub use row::{BadField, FieldRule};

/// The bundled daily bars, compressed: see `data/README.md`.
pub const BUNDLED: &[u8] = include_bytes!("../../../data/demo_daily_adjusted.csv.gz");

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What the text itself may not say.
#[derive(Clone, Debug)]
pub struct Options {
    /// The symbol of every row when there is no symbol column, by custom the file's stem.
    pub symbol: Option<Symbol>,
    /// The length of the bars.
    pub time_frame: TimeFrame,
    /// The latest close that a bar may have, if there is one.
    pub until: Option<Timestamp>,
}

/// A row that gave no bar.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRow {
    /// Its line in the (unpacked) text, from 1.
    pub line: u64,
    /// Every field that is wrong, and why.
    pub fields: Vec<BadField>,
}

/// Reads bars row by row: each item is a bar or the row's faults. Good rows go on after a bad one.
pub struct Reader<R> {
    text: ::csv::Reader<Text<R>>,
    columns: header::Columns,
    options: Options,
    record: ::csv::StringRecord,
    broken: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If the header cannot be read, lacks a needed column or has one twice.
    pub fn new(input: R, options: Options) -> Result<Self, HeaderError> {
        let mut text = ::csv::ReaderBuilder::new().flexible(true).trim(::csv::Trim::All).from_reader(unpacked(input)?);
        let columns = header::Columns::find(text.headers()?, options.symbol.is_some())?;
        Ok(Self { text, columns, options, record: ::csv::StringRecord::new(), broken: false })
    }

    /// The line in the (unpacked) text, from 1, of the row that was read last.
    pub fn line(&self) -> u64 {
        self.record.position().map_or(0, ::csv::Position::line)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Bar, BadRow>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        match self.text.read_record(&mut self.record) {
            Ok(false) => None,
            Ok(true) => Some(self.bar()),
            Err(error) => Some(Err(self.unreadable(&error))),
        }
    }
}

impl<R: BufRead> Reader<R> {
    fn bar(&self) -> Result<Bar, BadRow> {
        let parsed = row::parse(&self.record, &self.columns, &self.options);
        parsed.map_err(|fields| BadRow { line: self.line(), fields })
    }

    fn unreadable(&mut self, error: &::csv::Error) -> BadRow {
        // A row that is no UTF-8 has been read past; after a failed read there is nothing more to come.
        self.broken = matches!(error.kind(), ::csv::ErrorKind::Io(_));
        let line = error.position().map_or_else(|| self.text.position().line(), ::csv::Position::line);
        BadRow { line, fields: vec![BadField::unreadable(error)] }
    }
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        for (i, field) in self.fields.iter().enumerate() {
            write!(f, "{}{field}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// Plain or unpacked text.
enum Text<R> {
    Plain(R),
    Gzip(Box<BufReader<MultiGzDecoder<R>>>),
}

fn unpacked<R: BufRead>(mut input: R) -> io::Result<Text<R>> {
    let gzip = input.fill_buf()?.starts_with(&GZIP_MAGIC);
    Ok(if gzip { Text::Gzip(Box::new(BufReader::new(MultiGzDecoder::new(input)))) } else { Text::Plain(input) })
}

impl<R: BufRead> io::Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(text) => text.read(buffer),
            Self::Gzip(text) => text.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;

    use jiff::civil::Date;
    use tickmesh_proto::types::{Calendar, utc_date};

    use super::*;

    /// The rules of [`Calendar`] give the 2,699 sessions of the bundled data, but for one that no rule could know.
    #[test]
    fn sessions_equal_those_of_the_bundled_bars() {
        let bars = Reader::new(BUNDLED, Options { symbol: None, time_frame: TimeFrame::D1, until: None })
            .unwrap()
            .map(Result::unwrap);
        let real: BTreeSet<Date> = bars.map(|bar| utc_date(bar.candle.close_time)).collect();
        let mut wrong = Vec::new();
        let mut date = *real.first().unwrap();
        while date <= *real.last().unwrap() {
            if Calendar::NewYork.trades_on(date) != real.contains(&date) {
                wrong.push(date.to_string());
            }
            date = date.tomorrow().unwrap();
        }
        assert_eq!(real.len(), 2_699);
        assert_eq!(wrong, ["2018-12-05"], "the day of mourning for George H. W. Bush");
    }

    fn read(text: &[u8], stem: Option<&str>, time_frame: TimeFrame) -> Vec<Result<Bar, String>> {
        let symbol = stem.map(|s| Symbol::try_from(s).unwrap());
        let reader = Reader::new(text, Options { symbol, time_frame, until: None }).unwrap();
        reader.map(|row| row.map_err(|bad| bad.to_string())).collect()
    }

    #[test]
    fn the_bundled_bars_are_all_good() {
        let bars: Vec<_> = read(BUNDLED, None, TimeFrame::D1).into_iter().map(Result::unwrap).collect();
        assert_eq!(bars.len(), 16_194);
        let first = &bars[0];
        assert_eq!(first.series.symbol.as_str(), "AAPL");
        assert_eq!(first.candle.open_time.to_string(), "2013-01-02T14:30:00Z");
        assert_eq!(first.candle.close_time.to_string(), "2013-01-02T21:00:00Z");
        assert_eq!((first.candle.close, first.candle.adjustment_factor), (19.608213, Some(16.79118 / 19.608213)));
    }

    #[test]
    fn columns_come_in_any_order_and_case_and_gzip_is_found() {
        let text = "Volume,HIGH,Adj Close,extra,low,Close,Open,Date\n100,4,1.5,x,1,3,2,2021-03-15\n";
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(text.as_bytes()).unwrap();
        let plain = read(text.as_bytes(), Some("SPY"), TimeFrame::D1);
        assert_eq!(plain, read(&gz.finish().unwrap(), Some("SPY"), TimeFrame::D1));
        let bar = plain[0].as_ref().unwrap();
        assert_eq!((bar.candle.open, bar.candle.high, bar.candle.low, bar.candle.close), (2.0, 4.0, 1.0, 3.0));
        assert_eq!((bar.candle.volume, bar.candle.adjustment_factor), (100.0, Some(0.5)));
        assert_eq!(bar.candle.close_time.to_string(), "2021-03-15T20:00:00Z");
    }

    #[test]
    fn each_bad_row_says_its_line_and_rules_and_good_rows_are_kept() {
        let text = "symbol,date,open,high,low,close,volume\n\
                    aapl,2021-01-04,1,2,1,2,5\n\
                    AAPL,01/04/2021,1,2,1,2,5\n\
                    AAPL,2021-01-04,,1.5,$1,2,-1\n\
                    AAPL,2021-01-04,1,1.5,1,2,-1\n\
                    AAPL,2021-01-05,1,2,1,2,5\n\
                    AAPL,2021-01-06\n";
        let rows = read(text.as_bytes(), None, TimeFrame::D1);
        let faults: Vec<_> = rows.iter().map(|r| r.as_ref().err().map_or("good", String::as_str)).collect();
        assert!(faults[0].starts_with("line 2: symbol must be 1 to 24 of A-Z"), "{}", faults[0]);
        assert!(faults[1].starts_with("line 3: date must be an ISO date"), "{}", faults[1]);
        assert_eq!(faults[2], "line 4: open must be a number, not \"\"; low must be a number, not \"$1\"");
        assert_eq!(faults[3], "line 5: high must be >= open and close; volume must be >= 0");
        assert_eq!(faults[4], "good");
        assert!(faults[5].starts_with("line 7: open must be a number"), "{}", faults[5]);
    }

    #[test]
    fn moments_name_the_session_of_daily_bars_and_the_open_of_shorter_ones() {
        let text = b"datetime,open,high,low,close\n2022-01-03 00:00:00-05:00,1,1,1,1\n2022-01-03,1,1,1,1\n";
        let daily = read(text, Some("X"), TimeFrame::D1);
        assert_eq!(daily[0].as_ref().unwrap().candle.open_time.to_string(), "2022-01-03T14:30:00Z");
        assert_eq!(daily[0], daily[1]);
        let minutes = read(text, Some("X"), TimeFrame::M1);
        let bar = minutes[0].as_ref().unwrap().candle;
        assert_eq!(
            (bar.open_time.to_string().as_str(), bar.close_time.since(bar.open_time).as_secs()),
            ("2022-01-03T05:00:00Z", 60)
        );
        assert!(minutes[1].as_ref().unwrap_err().contains("RFC 3339"));
    }

    #[test]
    fn a_torn_gzip_file_gives_what_it_has_and_says_so() {
        let rows = read(&BUNDLED[..BUNDLED.len() / 2], None, TimeFrame::D1);
        let (last, good) = rows.split_last().unwrap();
        assert!(last.as_ref().unwrap_err().contains("cannot be read"));
        assert!(good.iter().all(Result::is_ok) && good.len() > 5_000);
    }
}
