use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::forecast::{count, interval, made};
use crate::holdings::Portfolio;
use crate::portfolio::{Risk, Whole};

/// A portfolio's forecast, its parts and the whole.
pub(in crate::grpc) fn portfolio(portfolio: Portfolio, clock: Option<Timestamp>) -> wire::PredictPortfolioResponse {
    let Portfolio { parts, weights, whole: Whole { expected, returns, risk } } = portfolio;
    let symbols: Vec<Symbol> = parts.iter().map(|part| part.forecast.symbol.clone()).collect();
    let common = wire::PredictPortfolioResponse {
        forecasts: parts.into_iter().map(|part| made(part, clock)).collect(),
        weights,
        expected_return: expected,
        common_returns: count(returns),
        ..wire::PredictPortfolioResponse::default()
    };
    let Some(Risk { volatility, interval: range, correlation }) = risk else { return common };
    let row = |(symbol, values): (&Symbol, Vec<f64>)| wire::CorrelationRow { symbol: symbol.to_string(), values };
    wire::PredictPortfolioResponse {
        volatility: Some(volatility),
        interval: Some(interval(&range)),
        correlation: symbols.iter().zip(correlation).map(row).collect(),
        ..common
    }
}
