//! Live plans as they lie in the store: the request that asks for exactly this plan. Numbers of fields outlive names of
//! types, so a portfolio finds itself again after any restart of any later version.

use prost::Message as _;
use tickmesh_mesh::status::Violations;
use tickmesh_proto::portfolio::v1 as wire;

use super::{parse, render};
use crate::optimise::Objective;
use crate::plan::{Bound, Constraints, CovarianceMethod, ExpectedMethod, Group, Held, Plan};

/// The plan's encoding; equal plans have equal ones.
pub(super) fn encode(plan: &Plan) -> Vec<u8> {
    request(plan).encode_to_vec()
}

/// The plan; `None` for one that is not understood or allowed any more.
pub(super) fn decode(order: &[u8]) -> Option<Plan> {
    let request = wire::OptimizeRequest::decode(order).ok()?;
    let mut violations = Violations::new();
    let plan = parse::live(request, &mut violations)?;
    violations.is_empty().then_some(plan)
}

fn request(plan: &Plan) -> wire::OptimizeRequest {
    let Plan { symbols, objective, expected, covariance, lookback, as_of, risk_free, constraints, held } = plan;
    wire::OptimizeRequest {
        symbols: symbols.iter().map(ToString::to_string).collect(),
        objective: render::objective(*objective).into(),
        expected_returns: self::expected(*expected).into(),
        covariance: self::covariance(*covariance).into(),
        lookback: u32::try_from(*lookback).unwrap_or(u32::MAX),
        as_of: as_of.map(Into::into),
        risk_free_rate: Some(*risk_free),
        target: target(*objective),
        constraints: Some(self::constraints(constraints)),
        current_weights: held.iter().flat_map(Held::iter).map(weight).collect(),
    }
}

fn target(objective: Objective) -> Option<f64> {
    match objective {
        Objective::TargetReturn(target) | Objective::TargetVolatility(target) => Some(target),
        Objective::MinVolatility
        | Objective::MaxSharpe
        | Objective::RiskParity
        | Objective::EqualWeight
        | Objective::InverseVolatility => None,
    }
}

fn expected(method: ExpectedMethod) -> wire::ExpectedReturns {
    match method {
        ExpectedMethod::Historical => wire::ExpectedReturns::Historical,
        ExpectedMethod::Exponential => wire::ExpectedReturns::Exponential,
        ExpectedMethod::Forecast => wire::ExpectedReturns::Forecast,
        ExpectedMethod::BlackLitterman => wire::ExpectedReturns::BlackLitterman,
    }
}

fn covariance(method: CovarianceMethod) -> wire::Covariance {
    match method {
        CovarianceMethod::Sample => wire::Covariance::Sample,
        CovarianceMethod::Exponential => wire::Covariance::Exponential,
        CovarianceMethod::LedoitWolf => wire::Covariance::LedoitWolf,
    }
}

fn constraints(constraints: &Constraints) -> wire::Constraints {
    let Constraints { min_weight, max_weight, bounds, groups, max_turnover } = constraints;
    wire::Constraints {
        min_weight: *min_weight,
        max_weight: *max_weight,
        bounds: bounds.iter().cloned().map(bound).collect(),
        groups: groups.iter().cloned().map(group).collect(),
        max_turnover: *max_turnover,
    }
}

fn bound(Bound { symbol, min, max }: Bound) -> wire::Bound {
    wire::Bound { symbol, min, max }
}

fn group(Group { name, symbols, min, max }: Group) -> wire::Group {
    wire::Group { name, symbols, min, max }
}

fn weight((symbol, weight): (&tickmesh_proto::types::Symbol, f64)) -> wire::CurrentWeight {
    wire::CurrentWeight { symbol: symbol.to_string(), weight }
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::types::Symbol;

    use super::*;

    fn symbol(text: &str) -> Symbol {
        Symbol::try_from(text).unwrap()
    }

    fn full() -> Plan {
        let bound = Bound { symbol: "MSFT".into(), min: Some(0.0), max: None };
        let group = Group { name: "two".into(), symbols: vec!["MSFT".into()], min: None, max: Some(0.7) };
        Plan {
            symbols: vec![symbol("MSFT"), symbol("AAPL")],
            objective: Objective::TargetVolatility(0.2),
            expected: ExpectedMethod::BlackLitterman,
            covariance: CovarianceMethod::Exponential,
            lookback: 99,
            as_of: None,
            risk_free: -0.01,
            constraints: Constraints {
                min_weight: Some(-0.1),
                max_weight: Some(0.8),
                bounds: vec![bound],
                groups: vec![group],
                max_turnover: Some(0.0),
            },
            held: Some([(symbol("AAPL"), 0.25)].into_iter().collect()),
        }
    }

    #[test]
    fn a_plan_is_found_again() {
        for plan in [full(), Plan::live(0.2)] {
            assert_eq!(decode(&encode(&plan)), Some(plan));
        }
        assert_eq!(decode(b"\xff"), None);
    }

    /// Stored portfolios would be lost if these bytes changed.
    #[test]
    fn the_encoding_stays_as_it_is() {
        let hex: String = encode(&Plan::live(0.2)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "10011801200328f803390000000000000000".to_owned() + "4a09299a9999999999c93f");
    }
}
