use std::io;

use csv::StringRecord;

/// A column that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Symbol,
    Time,
    Open,
    High,
    Low,
    Close,
    AdjustedClose,
    Volume,
    Vwap,
    TradeCount,
}

const COLUMNS: usize = Column::TradeCount as usize + 1;

/// Why a text's first line is no header of bars.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The input cannot be read.
    #[error("the header cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The first line is no CSV text.
    #[error("the header cannot be read: {0}")]
    Malformed(#[from] csv::Error),
    /// A column is missing.
    #[error(
        "the header needs the columns date, open, high, low, close and, unless the file's name is the symbol, symbol; missing: {0}"
    )]
    Missing(String),
    /// Two columns mean the same.
    #[error("the header has two columns for {0}")]
    Twice(&'static str),
}

/// Where each column stands in a row.
#[derive(Debug)]
pub(super) struct Columns([Option<usize>; COLUMNS]);

impl Columns {
    pub(super) fn find(header: &StringRecord, symbol_is_known: bool) -> Result<Self, HeaderError> {
        let mut columns = Self([None; COLUMNS]);
        for (place, title) in header.iter().enumerate() {
            let Some(column) = Column::by_title(title) else { continue };
            if columns.0[column as usize].replace(place).is_some() {
                return Err(HeaderError::Twice(column.name()));
            }
        }
        columns.complete(symbol_is_known)
    }

    fn complete(self, symbol_is_known: bool) -> Result<Self, HeaderError> {
        let needed = [Column::Symbol, Column::Time, Column::Open, Column::High, Column::Low, Column::Close];
        let missing: Vec<_> = needed[usize::from(symbol_is_known)..].iter().filter(|c| !self.has(**c)).collect();
        if missing.is_empty() {
            return Ok(self);
        }
        Err(HeaderError::Missing(missing.iter().map(|c| c.name()).collect::<Vec<_>>().join(", ")))
    }

    fn has(&self, column: Column) -> bool {
        self.0[column as usize].is_some()
    }

    /// The field of `column` in `row`: `None` without such a column, empty where the row is too short.
    pub(super) fn field<'r>(&self, row: &'r StringRecord, column: Column) -> Option<&'r str> {
        self.0[column as usize].map(|place| row.get(place).unwrap_or(""))
    }
}

impl Column {
    fn by_title(title: &str) -> Option<Self> {
        let plain = title.trim_start_matches('\u{feff}').to_ascii_lowercase().replace([' ', '_', '-'], "");
        Some(match plain.as_str() {
            "symbol" | "ticker" => Self::Symbol,
            "date" | "datetime" | "timestamp" | "time" | "ts" | "opentime" => Self::Time,
            "open" => Self::Open,
            "high" => Self::High,
            "low" => Self::Low,
            "close" => Self::Close,
            "adjclose" | "adjustedclose" => Self::AdjustedClose,
            "volume" | "vol" => Self::Volume,
            "vwap" => Self::Vwap,
            "tradecount" | "trades" => Self::TradeCount,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Time => "date",
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::AdjustedClose => "adj_close",
            Self::Volume => "volume",
            Self::Vwap => "vwap",
            Self::TradeCount => "trade_count",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &[&str], symbol_is_known: bool) -> Result<Columns, String> {
        Columns::find(&header.iter().copied().collect(), symbol_is_known).map_err(|e| e.to_string())
    }

    #[test]
    fn says_what_is_missing_or_twice() {
        let error = find(&["date", "open", "high"], false).unwrap_err();
        assert!(error.ends_with("missing: symbol, low, close"), "{error}");
        let error = find(&["date", "timestamp", "open", "high", "low", "close"], true).unwrap_err();
        assert_eq!(error, "the header has two columns for date");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_title() {
        assert!(find(&["\u{feff}Date", "Open", "High", "Low", "Close"], true).is_ok());
    }
}
