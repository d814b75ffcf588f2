//! Ridge regression (being filled).
#![allow(missing_docs)]

use linfa::ParamGuard;

#[derive(Debug, thiserror::Error)]
pub enum RidgeError {
    #[error("{0}")]
    Params(String),
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

#[derive(Debug, thiserror::Error)]
#[error("not a ridge model: {0}")]
pub struct CorruptRidge(String);

/// `RidgeParams::new(lambda)`.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeParams(RidgeValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct RidgeValidParams {
    lambda: f64,
}

impl Default for RidgeParams {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl RidgeParams {
    pub fn new(lambda: f64) -> Self {
        Self(RidgeValidParams { lambda })
    }
}

impl ParamGuard for RidgeParams {
    type Checked = RidgeValidParams;
    type Error = RidgeError;
    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        Ok(&self.0)
    }
    fn check(self) -> Result<Self::Checked, Self::Error> {
        Ok(self.0)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {}

impl Ridge {
    pub fn features(&self) -> usize {
        unimplemented!()
    }
    pub fn predict_row(&self, _row: &[f64]) -> f64 {
        unimplemented!()
    }
    pub fn contributions(&self, _row: &[f64]) -> (f64, Vec<f64>) {
        unimplemented!()
    }
    pub fn to_bytes(&self) -> Vec<u8> {
        unimplemented!()
    }
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, CorruptRidge> {
        unimplemented!()
    }
}
