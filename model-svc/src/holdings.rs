//! A portfolio that is asked about: what it holds, and from that the forecasts of its parts and of the whole.

use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::ask::{Answer, Answers, Made};
use crate::forecast::Forecast;
use crate::portfolio::{self, Whole};

/// Largest size of a weight: beyond it no leverage is meant.
pub const MAX_WEIGHT: f64 = 100.0;

/// What a portfolio holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Holdings {
    /// Distinct symbols.
    pub symbols: Vec<Symbol>,
    /// How much of each, in the same order.
    pub sizes: Sizes,
}

/// How much of each holding.
#[derive(Clone, Debug, PartialEq)]
pub enum Sizes {
    /// Fractions of the whole; they sum to 1, and none is beyond [`MAX_WEIGHT`].
    Weights(Vec<f64>),
    /// Units.
    Quantities(Vec<f64>),
}

/// A portfolio's forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Portfolio {
    /// The forecast of each holding.
    pub parts: Vec<Made>,
    /// The weight of each, in the same order.
    pub weights: Vec<f64>,
    /// The weighted whole.
    pub whole: Whole,
}

impl Answers {
    /// The forecasts of holdings now, and of the whole.
    ///
    /// # Errors
    /// NOT_FOUND, reason SYMBOL_UNKNOWN; FAILED_PRECONDITION, reason NO_FORECAST, when a holding has
    /// none, or NOT_FINITE; INVALID_ARGUMENT for quantities that give no weights; RESOURCE_EXHAUSTED
    /// when the compute queue is full.
    pub async fn portfolio(&self, Holdings { symbols, sizes }: Holdings) -> Result<Portfolio, Fault> {
        let (mut parts, mut bars) = (Vec::new(), Vec::new());
        for symbol in &symbols {
            parts.push(forecast_of(self.now(symbol.as_str())?)?);
            bars.push(self.shared.standing(symbol.as_str())?.bars_until(Timestamp::MAX));
        }
        let forecasts: Vec<Forecast> = parts.iter().map(|part| part.forecast.clone()).collect();
        let weights = sizes.weights(&forecasts)?;
        let held = weights.clone();
        let whole = self.cpu.run(move || portfolio::whole(&held, &forecasts, &bars)).await?;
        Ok(Portfolio { parts, weights, whole: whole.ok_or_else(not_finite)? })
    }
}

impl Sizes {
    /// Weights as they are, or quantities valued at the last prices.
    fn weights(self, forecasts: &[Forecast]) -> Result<Vec<f64>, Fault> {
        let quantities = match self {
            Self::Weights(weights) => return Ok(weights),
            Self::Quantities(quantities) => quantities,
        };
        let values: Vec<f64> = quantities.iter().zip(forecasts).map(|(units, f)| units * f.last_price).collect();
        let total: f64 = values.iter().sum();
        let weights: Vec<f64> = values.into_iter().map(|value| value / total).collect();
        let rule = if !(total > 0.0 && total.is_finite()) {
            "must have quantities whose value at the last prices sums to more than 0"
        } else if weights.iter().any(|weight| weight.abs() > MAX_WEIGHT) {
            "must have quantities none of which is worth more than 100 times the whole"
        } else {
            return Ok(weights);
        };
        Err(Fault::new(Code::InvalidArgument, "BAD_REQUEST", format!("holdings {rule}")).field("holdings", rule))
    }
}

fn forecast_of(answer: Answer) -> Result<Made, Fault> {
    match answer {
        Answer::Made(made) => Ok(*made),
        Answer::Unavailable { symbol, reason, .. } => {
            let text = format!("{symbol} has no forecast ({reason:?}), so its portfolio has none");
            Err(Fault::new(Code::FailedPrecondition, "NO_FORECAST", text).meta("symbol", symbol.to_string()))
        }
    }
}

fn not_finite() -> Fault {
    Fault::new(Code::FailedPrecondition, "NOT_FINITE", "the portfolio's figures are beyond what a number can hold")
}
