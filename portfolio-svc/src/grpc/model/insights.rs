use tickmesh_proto::model::v1::forecast_result::Result as Answer;
use tickmesh_proto::model::v1::{Evaluation, ForecastQuality, ForecastResult};

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

/// The forecast in an answer; `None` for an error, or a forecast without a return.
pub(super) fn spoken(result: ForecastResult) -> Option<Spoken> {
    let Some(Answer::Forecast(forecast)) = result.result else { return None };
    let useful = forecast.quality() != ForecastQuality::Unavailable && forecast.horizon >= 1;
    let expected = forecast.expected_return.filter(|m| useful && m.is_finite())?;
    Some(Spoken { expected, horizon: forecast.horizon, version: forecast.model_version })
}

impl From<Evaluation> for Skill {
    fn from(evaluation: Evaluation) -> Self {
        Self {
            drift: evaluation.calibration_drift,
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
    use tickmesh_proto::model::v1::Forecast;

    fn answer(quality: ForecastQuality, expected_return: Option<f64>) -> ForecastResult {
        let forecast = Forecast { expected_return, horizon: 1, quality: quality.into(), ..Forecast::default() };
        ForecastResult { symbol: "AAPL".into(), result: Some(Answer::Forecast(forecast)) }
    }

    #[test]
    fn only_a_forecast_with_a_return_counts() {
        assert_eq!(spoken(answer(ForecastQuality::Good, Some(0.01))).unwrap().expected, 0.01);
        assert_eq!(spoken(answer(ForecastQuality::Unavailable, Some(0.01))), None);
        assert_eq!(spoken(answer(ForecastQuality::Good, None)), None);
        assert_eq!(spoken(ForecastResult::default()), None);
    }
}
