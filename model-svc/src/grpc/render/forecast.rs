use tickmesh_mesh::status::Fault;
use tickmesh_proto::google::rpc::Status;
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::ask::{Answer, Explanation, Made};
use crate::conformal::{COVERAGE, Interval};
use crate::decision::{Action, Decision, Lean, Reason};
use crate::features::FeatureSet;
use crate::forecast::{Forecast, Quality};
use crate::history::DailyBar;
use crate::live::Standing;
use crate::store::StoredForecast;

/// An answer at the market clock.
pub(in crate::grpc) fn answer(answer: Answer, clock: Option<Timestamp>) -> wire::Forecast {
    match answer {
        Answer::Made(answer) => made(*answer, clock),
        Answer::Unavailable { symbol, bar, reason } => unavailable(&symbol, bar, reason, clock),
    }
}

/// A forecast that was made for the asking.
pub(super) fn made(made: Made, clock: Option<Timestamp>) -> wire::Forecast {
    let Made { forecast, cursor, explanation } = made;
    let rendered = wire::Forecast { input_cursor: cursor.to_string(), ..render(&forecast, clock) };
    explanation.into_iter().fold(rendered, explained)
}

/// One result of a batch.
pub(in crate::grpc) fn result(
    symbol: String,
    result: Result<Answer, Fault>,
    clock: Option<Timestamp>,
) -> wire::ForecastResult {
    let result = match result {
        Ok(found) => wire::forecast_result::Result::Forecast(answer(found, clock)),
        Err(fault) => wire::forecast_result::Result::Error(status(fault)),
    };
    wire::ForecastResult { symbol, result: Some(result) }
}

/// A failure inside a message: the same code, text and details as if the call had failed.
pub(super) fn status(fault: Fault) -> Status {
    let status = tonic::Status::from(fault);
    let whole: Result<Status, _> = prost::Message::decode(status.details());
    whole.unwrap_or_else(|_| Status {
        code: status.code() as i32,
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

/// A stored forecast with its outcome.
pub(in crate::grpc) fn outcome_of(stored: &StoredForecast, clock: Option<Timestamp>) -> wire::Forecast {
    let outcome = stored.outcome.map(|(realised_return, scored_time)| wire::Outcome {
        realised_return: Some(realised_return),
        scored_time: Some(scored_time.into()),
    });
    let input_cursor = stored.issued.input_cursor.clone();
    wire::Forecast { outcome, input_cursor, ..render(&stored.issued.forecast, clock) }
}

fn render(forecast: &Forecast, clock: Option<Timestamp>) -> wire::Forecast {
    wire::Forecast {
        id: forecast.id(),
        symbol: forecast.symbol.to_string(),
        as_of: Some(forecast.as_of.into()),
        target_time: Some(forecast.target_time.into()),
        last_price: forecast.last_price,
        expected_return: Some(forecast.expected),
        raw_forecast: Some(forecast.raw),
        predicted_price: Some(forecast.last_price * (1.0 + forecast.expected)),
        interval: Some(interval(&forecast.interval)),
        up_probability: Some(forecast.up_probability),
        probability_above_cost: Some(forecast.above_cost),
        probability_below_cost: Some(forecast.below_cost),
        signal: Some(decision(&forecast.decision)),
        horizon: count(forecast.horizon),
        model_version: forecast.version.to_string(),
        feature_set: forecast.feature_set.to_string(),
        input_cursor: String::new(),
        age: age(forecast.as_of, clock),
        quality: quality(forecast.quality()).into(),
        contributions: Vec::new(),
        bias: None,
        outcome: None,
    }
}

fn explained(forecast: wire::Forecast, explanation: Explanation) -> wire::Forecast {
    let names = FeatureSet::standard();
    let share = |(name, (value, contribution)): (&'static str, (f64, f64))| wire::Contribution {
        feature: name.to_owned(),
        value: Some(value),
        contribution: Some(contribution),
    };
    let contributions = names.names().zip(explanation.shares).map(share).collect();
    wire::Forecast { contributions, bias: Some(explanation.bias), ..forecast }
}

fn unavailable(symbol: &Symbol, bar: Option<DailyBar>, reason: Reason, clock: Option<Timestamp>) -> wire::Forecast {
    wire::Forecast {
        symbol: symbol.to_string(),
        as_of: bar.map(|bar| bar.time().into()),
        last_price: bar.map_or(0.0, |bar| bar.last_price),
        signal: Some(decision(&Decision::unavailable(reason))),
        horizon: 1,
        feature_set: FeatureSet::standard().id().to_owned(),
        age: bar.and_then(|bar| age(bar.time(), clock)),
        quality: wire::ForecastQuality::Unavailable.into(),
        ..wire::Forecast::default()
    }
}

/// The signal of a served forecast.
pub(in crate::grpc) fn signal(forecast: &Forecast) -> wire::Signal {
    let Decision { action: what, strength, lean: where_to, reasons } = &forecast.decision;
    wire::Signal {
        symbol: forecast.symbol.to_string(),
        action: action(*what).into(),
        strength: Some(*strength),
        lean: lean(*where_to).into(),
        reasons: reasons.iter().map(|why| reason(*why).into()).collect(),
        as_of: Some(forecast.as_of.into()),
        target_time: Some(forecast.target_time.into()),
        last_price: forecast.last_price,
        expected_return: Some(forecast.expected),
        interval: Some(interval(&forecast.interval)),
        up_probability: Some(forecast.up_probability),
        model_version: forecast.version.to_string(),
        forecast: forecast.id(),
        quality: quality(forecast.quality()).into(),
        is_snapshot: false,
    }
}

/// A symbol's newest signal.
pub(in crate::grpc) fn newest_signal(standing: &Standing) -> wire::Signal {
    let bar = standing.newest.as_ref().map(|newest| newest.bar);
    standing.served().map_or_else(|why| unavailable_signal(&standing.symbol, bar, why), signal)
}

/// HOLD for a symbol without a forecast.
fn unavailable_signal(symbol: &Symbol, bar: Option<DailyBar>, why: Reason) -> wire::Signal {
    wire::Signal {
        symbol: symbol.to_string(),
        action: wire::Action::Hold.into(),
        lean: wire::Lean::None.into(),
        reasons: vec![reason(why).into()],
        as_of: bar.map(|bar| bar.time().into()),
        last_price: bar.map_or(0.0, |bar| bar.last_price),
        quality: wire::ForecastQuality::Unavailable.into(),
        ..wire::Signal::default()
    }
}

fn decision(decision: &Decision) -> wire::Decision {
    wire::Decision {
        action: action(decision.action).into(),
        strength: Some(decision.strength),
        lean: lean(decision.lean).into(),
        reasons: decision.reasons.iter().map(|why| reason(*why).into()).collect(),
    }
}

pub(super) fn interval(interval: &Interval) -> wire::Interval {
    wire::Interval { lower: interval.lower, upper: interval.upper, coverage: COVERAGE }
}

/// A number of bars, features or steps; far below the limits of the type.
pub(super) fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

fn age(as_of: Timestamp, clock: Option<Timestamp>) -> Option<prost_types::Duration> {
    clock.and_then(|clock| clock.since(as_of).try_into().ok())
}

fn action(action: Action) -> wire::Action {
    match action {
        Action::Buy => wire::Action::Buy,
        Action::Sell => wire::Action::Sell,
        Action::Hold => wire::Action::Hold,
    }
}

fn lean(lean: Lean) -> wire::Lean {
    match lean {
        Lean::Up => wire::Lean::Up,
        Lean::Down => wire::Lean::Down,
        Lean::None => wire::Lean::None,
    }
}

fn reason(reason: Reason) -> wire::Reason {
    match reason {
        Reason::EdgeAboveCost => wire::Reason::EdgeAboveCost,
        Reason::EdgeBelowCost => wire::Reason::EdgeBelowCost,
        Reason::NoValidatedEdge => wire::Reason::NoValidatedEdge,
        Reason::StaleData => wire::Reason::StaleData,
        Reason::StaleModel => wire::Reason::StaleModel,
        Reason::OutOfDistribution => wire::Reason::OutOfDistribution,
        Reason::WarmingUp => wire::Reason::WarmingUp,
        Reason::NoModel => wire::Reason::NoModel,
        Reason::InSample => wire::Reason::InSample,
    }
}

fn quality(quality: Quality) -> wire::ForecastQuality {
    match quality {
        Quality::Good => wire::ForecastQuality::Good,
        Quality::InSample => wire::ForecastQuality::InSample,
        Quality::Stale => wire::ForecastQuality::Stale,
    }
}
