//! Enumerations. A value that is not declared does not work, and is refused with those that do.

use tickmesh_mesh::status::Violations;
use tickmesh_proto::portfolio::v1 as wire;

use crate::optimise::Objective;
use crate::plan::{CovarianceMethod, ExpectedMethod};

const OBJECTIVES: [wire::Objective; 7] = [
    wire::Objective::MinVolatility,
    wire::Objective::MaxSharpe,
    wire::Objective::TargetReturn,
    wire::Objective::TargetVolatility,
    wire::Objective::RiskParity,
    wire::Objective::EqualWeight,
    wire::Objective::InverseVolatility,
];

const EXPECTED: [wire::ExpectedReturns; 4] = [
    wire::ExpectedReturns::Historical,
    wire::ExpectedReturns::Exponential,
    wire::ExpectedReturns::Forecast,
    wire::ExpectedReturns::BlackLitterman,
];

const COVARIANCE: [wire::Covariance; 3] =
    [wire::Covariance::Sample, wire::Covariance::Exponential, wire::Covariance::LedoitWolf];

/// The objective with its target; unspecified means `default`.
pub(super) fn objective(
    number: i32,
    target: Option<f64>,
    default: wire::Objective,
    violations: &mut Violations,
) -> Option<Objective> {
    let Ok(named) = wire::Objective::try_from(number) else {
        violations.add("objective", one_of(&OBJECTIVES.map(|o| o.as_str_name())));
        return None;
    };
    let named = if named == wire::Objective::Unspecified { default } else { named };
    let needs_target = matches!(named, wire::Objective::TargetReturn | wire::Objective::TargetVolatility);
    let target = match (needs_target, target) {
        (true, Some(target)) => target,
        (true, None) => {
            violations.add("target", format_args!("must be given for {}", named.as_str_name()));
            return None;
        }
        (false, Some(_)) => {
            violations.add("target", format_args!("must not be given for {}", named.as_str_name()));
            return None;
        }
        (false, None) => 0.0,
    };
    Some(match named {
        wire::Objective::Unspecified | wire::Objective::MaxSharpe => Objective::MaxSharpe,
        wire::Objective::MinVolatility => Objective::MinVolatility,
        wire::Objective::TargetReturn => Objective::TargetReturn(within(target, -1.0, violations)?),
        wire::Objective::TargetVolatility => Objective::TargetVolatility(within(target, 1e-6, violations)?),
        wire::Objective::RiskParity => Objective::RiskParity,
        wire::Objective::EqualWeight => Objective::EqualWeight,
        wire::Objective::InverseVolatility => Objective::InverseVolatility,
    })
}

/// A target from `least` to 10, that is 1,000 % a year.
fn within(target: f64, least: f64, violations: &mut Violations) -> Option<f64> {
    let good = (least..=10.0).contains(&target);
    if !good {
        violations.add("target", format_args!("must lie between {least} and 10, a fraction a year"));
    }
    good.then_some(target)
}

pub(super) fn expected(number: i32, violations: &mut Violations) -> Option<ExpectedMethod> {
    use wire::ExpectedReturns as Wire;
    match Wire::try_from(number) {
        Ok(Wire::Unspecified | Wire::Historical) => Some(ExpectedMethod::Historical),
        Ok(Wire::Exponential) => Some(ExpectedMethod::Exponential),
        Ok(Wire::Forecast) => Some(ExpectedMethod::Forecast),
        Ok(Wire::BlackLitterman) => Some(ExpectedMethod::BlackLitterman),
        Err(_) => {
            violations.add("expected_returns", one_of(&EXPECTED.map(|e| e.as_str_name())));
            None
        }
    }
}

pub(super) fn covariance(number: i32, violations: &mut Violations) -> Option<CovarianceMethod> {
    use wire::Covariance as Wire;
    match Wire::try_from(number) {
        Ok(Wire::Sample) => Some(CovarianceMethod::Sample),
        Ok(Wire::Exponential) => Some(CovarianceMethod::Exponential),
        Ok(Wire::Unspecified | Wire::LedoitWolf) => Some(CovarianceMethod::LedoitWolf),
        Err(_) => {
            violations.add("covariance", one_of(&COVARIANCE.map(|c| c.as_str_name())));
            None
        }
    }
}

fn one_of(names: &[&str]) -> String {
    format!("must be one of {}", names.join(", "))
}
