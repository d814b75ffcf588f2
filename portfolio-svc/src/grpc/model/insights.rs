use prost::Message as _;
use tickmesh_mesh::status::Fault;
use tickmesh_proto::model::v1::forecast_result::Result as Answer;
use tickmesh_proto::model::v1::{Evaluation, Forecast, ForecastQuality, ForecastResult};

use crate::plan::Insight;

/// The part of a forecast that expected returns need.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spoken {
    pub(super) expected: f64,
    pub(super) horizon: u32,
    pub(super) version: String,
}

/// What validation found out about a model version.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Skill {
    drift: f64,
    error_variance: f64,
    correlation: f64,
}

/// Why expected returns cannot be made of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Silence {
    /// The model had seen the outcome when it was trained.
    InSample,
    /// There is no forecast, for these reasons.
    Without(Vec<&'static str>),
    /// The model refused the question.
    Refused(Fault),
}

/// The forecast in an answer, if expected returns can be made of it.
pub(super) fn spoken(result: ForecastResult) -> Result<Spoken, Silence> {
    match result.result {
        Some(Answer::Forecast(forecast)) => of_forecast(forecast),
        Some(Answer::Error(status)) => Err(Silence::Refused(fault(&status))),
        None => Err(Silence::Without(Vec::new())),
    }
}

fn of_forecast(forecast: Forecast) -> Result<Spoken, Silence> {
    let useful = forecast.quality() != ForecastQuality::Unavailable && forecast.horizon >= 1;
    match forecast.expected_return.filter(|m| useful && m.is_finite()) {
        Some(_) if forecast.quality() == ForecastQuality::InSample => Err(Silence::InSample),
        Some(expected) => Ok(Spoken { expected, horizon: forecast.horizon, version: forecast.model_version }),
        None => {
            let signal = forecast.signal.unwrap_or_default();
            Err(Silence::Without(signal.reasons().map(|reason| short(reason.as_str_name())).collect()))
        }
    }
}

/// An enum value's name without the enum's.
fn short(name: &'static str) -> &'static str {
    name.strip_prefix("REASON_").unwrap_or(name)
}

fn fault(status: &tickmesh_proto::google::rpc::Status) -> Fault {
    let details = status.encode_to_vec().into();
    tonic::Status::with_details(tonic::Code::from_i32(status.code), status.message.clone(), details).into()
}

impl From<Evaluation> for Skill {
    fn from(evaluation: Evaluation) -> Self {
        Self {
            drift: evaluation.calibration_drift.unwrap_or(0.0),
            error_variance: evaluation.mse,
            correlation: evaluation.information_coefficient.unwrap_or(0.0),
        }
    }
}

/// A forecast with the skill of the version that made it.
pub(super) fn pair(said: &Spoken, skill: Skill) -> Insight {
    let Skill { drift, error_variance, correlation } = skill;
    Insight { expected: said.expected, horizon: said.horizon, drift, error_variance, skill: correlation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickmesh_mesh::status::Code;
    use tickmesh_proto::model::v1::{Decision, Reason};

    fn answer(quality: ForecastQuality, expected_return: Option<f64>) -> ForecastResult {
        let signal = Decision { reasons: vec![Reason::NoModel.into()], ..Decision::default() };
        let forecast = Forecast {
            expected_return,
            horizon: 1,
            quality: quality.into(),
            signal: Some(signal),
            ..Forecast::default()
        };
        ForecastResult { symbol: "AAPL".into(), result: Some(Answer::Forecast(forecast)) }
    }

    #[test]
    fn only_a_forecast_of_what_nobody_had_seen_counts() {
        assert_eq!(spoken(answer(ForecastQuality::Good, Some(0.01))).unwrap().expected, 0.01);
        assert_eq!(spoken(answer(ForecastQuality::InSample, Some(0.01))), Err(Silence::InSample));
        for none in [answer(ForecastQuality::Unavailable, Some(0.01)), answer(ForecastQuality::Good, None)] {
            assert_eq!(spoken(none), Err(Silence::Without(vec!["NO_MODEL"])));
        }
        assert_eq!(spoken(ForecastResult::default()), Err(Silence::Without(Vec::new())));
    }

    #[test]
    fn a_refusal_keeps_its_code_and_reason() {
        let refusal = tonic::Status::from(Fault::new(Code::OutOfRange, "BEYOND_CLOCK", "not yet"));
        let status = tickmesh_proto::google::rpc::Status::decode(refusal.details()).unwrap();
        let result = ForecastResult { symbol: "AAPL".into(), result: Some(Answer::Error(status)) };
        let Err(Silence::Refused(fault)) = spoken(result) else { panic!("it was refused") };
        assert_eq!((fault.code(), fault.reason(), fault.message()), (Code::OutOfRange, "BEYOND_CLOCK", "not yet"));
    }
}
