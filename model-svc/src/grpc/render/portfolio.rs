use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::types::Symbol;

use super::forecast::{count, interval};
use crate::portfolio::{Risk, Whole};

/// The whole of a portfolio, without its parts.
pub(in crate::grpc) fn whole(symbols: &[Symbol], whole: Whole) -> wire::PredictPortfolioResponse {
    let Whole { expected, returns, risk } = whole;
    let common = wire::PredictPortfolioResponse {
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
