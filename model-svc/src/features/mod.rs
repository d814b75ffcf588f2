//! Features of adjusted bars (being filled).
#![allow(missing_docs)]

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Close time, nanoseconds since the Unix epoch, UTC.
    pub time: i64,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    /// Traded volume, not adjusted.
    pub volume: f64,
}

/// Number of features in a row.
pub const WIDTH: usize = 26;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureDef {
    pub name: &'static str,
    pub definition: &'static str,
    pub window: usize,
    pub warm_up: usize,
    pub version: u32,
}

#[derive(Clone, Debug)]
pub struct FeatureSet {
    id: String,
}

impl FeatureSet {
    pub fn standard() -> Self {
        unimplemented!()
    }
    /// 16 hex digits, a digest of names, definitions, windows and versions.
    pub fn id(&self) -> &str {
        &self.id
    }
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'static str> + '_ {
        self.describe().iter().map(|def| def.name)
    }
    pub fn describe(&self) -> &[FeatureDef] {
        unimplemented!()
    }
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        WIDTH
    }
    /// Bars needed for the first row.
    pub fn warm_up(&self) -> usize {
        unimplemented!()
    }
}

/// One row of features, known at the close of its bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row([f64; WIDTH]);

impl Row {
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }
    /// EWMA volatility of daily returns known at this bar (σ_t).
    pub fn volatility(&self) -> f64 {
        unimplemented!()
    }
}

impl AsRef<[f64]> for Row {
    fn as_ref(&self) -> &[f64] {
        &self.0
    }
}

#[derive(Clone, Debug)]
pub struct State {}

impl State {
    pub fn new(_set: &FeatureSet) -> Self {
        unimplemented!()
    }
    /// None until warm.
    pub fn update(&mut self, _bar: &Bar) -> Option<Row> {
        unimplemented!()
    }
}

pub fn fold(_set: &FeatureSet, _bars: &[Bar]) -> Vec<Option<Row>> {
    unimplemented!()
}
