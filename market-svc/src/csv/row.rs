use std::fmt;
use std::str::FromStr;

use csv::StringRecord;
use tickmesh_proto::types::{ParseSymbolError, Symbol, Timestamp};

use super::Options;
use super::header::{Column, Columns};
use super::when::{When, WhenRule};
use crate::bar::{Bar, Broken, Draft, Rule, Series};
use crate::instrument::Instrument;

/// A field of a row that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct BadField {
    /// The column, by its first name.
    pub column: &'static str,
    /// The rule that it breaks.
    pub rule: FieldRule,
}

/// What a field must be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FieldRule {
    /// A symbol.
    #[error(transparent)]
    Symbol(ParseSymbolError),
    /// A date or moment.
    #[error(transparent)]
    When(WhenRule),
    /// A decimal number.
    #[error("must be a number, not {0:?}")]
    Number(String),
    /// A whole number.
    #[error("must be a whole number, not {0:?}")]
    Whole(String),
    /// A rule of bars.
    #[error(transparent)]
    Bar(Rule),
    /// A moment that has come.
    #[error("must not close after {0}")]
    Future(Timestamp),
    /// Text that can be read.
    #[error("cannot be read: {0}")]
    Readable(String),
}

impl BadField {
    pub(super) fn unreadable(error: &csv::Error) -> Self {
        Self { column: "row", rule: FieldRule::Readable(error.to_string()) }
    }
}

impl fmt::Display for BadField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.column, self.rule)
    }
}

impl From<Broken> for BadField {
    fn from(Broken { field, rule }: Broken) -> Self {
        // The one field that has another name in CSV: the factor comes from the adjusted close.
        let column = if field == "adjustment_factor" { Column::AdjustedClose.name() } else { field };
        Self { column, rule: FieldRule::Bar(rule) }
    }
}

/// The bar of one row, or all that is wrong with it.
pub(super) fn parse(row: &StringRecord, columns: &Columns, options: &Options) -> Result<Bar, Vec<BadField>> {
    let mut fields = Fields { row, columns, bad: Vec::new() };
    let symbol = fields.symbol(options.symbol.as_ref());
    let when = fields.take(Column::Time, |text| When::parse(text, options.time_frame).map_err(FieldRule::When));
    let prices = [Column::Open, Column::High, Column::Low, Column::Close].map(|c| fields.number(c));
    let [volume, adjusted, vwap] = [Column::Volume, Column::AdjustedClose, Column::Vwap].map(|c| fields.optional(c));
    let trade_count = fields.optional_whole(Column::TradeCount);
    let ([Some(open), Some(high), Some(low), Some(close)], Some(symbol), Some(when)) = (prices, symbol, when) else {
        return Err(fields.bad);
    };
    if !fields.bad.is_empty() {
        return Err(fields.bad);
    }
    let Some((open_time, close_time)) = when.span(options.time_frame, Instrument::of(&symbol).calendar) else {
        return Err(vec![BadField { column: Column::Time.name(), rule: FieldRule::When(WhenRule::Range) }]);
    };
    if let Some(until) = options.until.filter(|until| close_time > *until) {
        return Err(vec![BadField { column: Column::Time.name(), rule: FieldRule::Future(until) }]);
    }
    let adjustment_factor = adjusted.map(|adjusted| adjusted / close);
    let volume = volume.unwrap_or(0.0);
    let draft = Draft { open_time, close_time, open, high, low, close, volume, vwap, trade_count, adjustment_factor };
    let series = Series { symbol, time_frame: options.time_frame };
    match draft.check() {
        Ok(candle) => Ok(Bar { series, candle }),
        Err(broken) => Err(broken.into_iter().map(BadField::from).collect()),
    }
}

/// The fields of one row, and those found wrong so far.
struct Fields<'r> {
    row: &'r StringRecord,
    columns: &'r Columns,
    bad: Vec<BadField>,
}

impl Fields<'_> {
    fn take<T>(&mut self, column: Column, parse: impl FnOnce(&str) -> Result<T, FieldRule>) -> Option<T> {
        let text = self.columns.field(self.row, column)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(rule) => {
                self.bad.push(BadField { column: column.name(), rule });
                None
            }
        }
    }

    /// The row's own symbol, or the file's where there is no such column.
    fn symbol(&mut self, file: Option<&Symbol>) -> Option<Symbol> {
        match self.columns.field(self.row, Column::Symbol) {
            Some(_) => self.take(Column::Symbol, |text| Symbol::try_from(text).map_err(FieldRule::Symbol)),
            None => file.cloned(),
        }
    }

    fn number(&mut self, column: Column) -> Option<f64> {
        self.take(column, |text| parse_or(text, FieldRule::Number))
    }

    /// Absent when the column is missing or the field is empty.
    fn optional(&mut self, column: Column) -> Option<f64> {
        self.columns.field(self.row, column).filter(|text| !text.is_empty())?;
        self.number(column)
    }

    fn optional_whole(&mut self, column: Column) -> Option<u64> {
        self.columns.field(self.row, column).filter(|text| !text.is_empty())?;
        self.take(column, |text| parse_or(text, FieldRule::Whole))
    }
}

fn parse_or<T: FromStr>(text: &str, rule: impl FnOnce(String) -> FieldRule) -> Result<T, FieldRule> {
    text.parse().map_err(|_| rule(text.chars().take(40).collect()))
}
