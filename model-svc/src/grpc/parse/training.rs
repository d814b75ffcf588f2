use std::ops::RangeInclusive;

use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::model::v1::ModelFamily;

use super::names::version;
use super::{moment, range, request_key, symbol_list};
use crate::family::{ForestSpec, RidgeSpec, Spec};
use crate::features::WIDTH;
use crate::jobs::{EvaluateRequest, Launch, TrainRequest};
use crate::training::Order;
use crate::walk_forward::FOLDS;

pub(in crate::grpc) fn train(
    request: wire::TrainModelsRequest,
    owner: String,
) -> Result<(Launch, TrainRequest), Fault> {
    let rest = wire::TrainModelsRequest { request_id: String::new(), ..request.clone() };
    let wire::TrainModelsRequest {
        symbols,
        family,
        forest,
        ridge,
        folds,
        train_end_time,
        seed,
        request_id: id,
        missing_only,
    } = request;
    let mut violations = Violations::new();
    let symbols = symbol_list(symbols, &mut violations);
    let spec = spec(family, forest, ridge, &mut violations);
    let default = Order::default();
    let folds = if folds == 0 { default.folds } else { bounded("folds", folds, FOLDS, &mut violations) };
    let until = moment("train_end_time", train_end_time, &mut violations);
    let order = Order { spec, folds, seed: seed.unwrap_or(default.seed), horizon: default.horizon };
    let request = request_key("TrainingService.TrainModels", &id, &rest, &mut violations);
    let launch = Launch { owner, request };
    violations.finish((launch, TrainRequest { symbols, order, until, missing_only }))
}

fn spec(
    family: i32,
    forest: Option<wire::ForestParams>,
    ridge: Option<wire::RidgeParams>,
    violations: &mut Violations,
) -> Spec {
    let family = ModelFamily::try_from(family).map_err(|_| "must be MODEL_FAMILY_FOREST or MODEL_FAMILY_RIDGE");
    match violations.take("family", family) {
        Some(ModelFamily::Ridge) => {
            if forest.is_some() {
                violations.add("forest", "must not be given for MODEL_FAMILY_RIDGE");
            }
            Spec::Ridge(violations.within("ridge", |v| ridge_spec(ridge.unwrap_or_default(), v)))
        }
        _ => {
            if ridge.is_some() {
                violations.add("ridge", "must not be given for MODEL_FAMILY_FOREST");
            }
            Spec::Forest(violations.within("forest", |v| forest_spec(forest.unwrap_or_default(), v)))
        }
    }
}

fn forest_spec(wire: wire::ForestParams, violations: &mut Violations) -> ForestSpec {
    let wire::ForestParams { trees, depth, min_leaf, features_per_split } = wire;
    let default = ForestSpec::default();
    let mut or = |field, given: Option<u32>, rule, default| {
        given.map_or(default, |value| bounded(field, value, rule, violations))
    };
    ForestSpec {
        trees: or("trees", trees, 1..=2_000, default.trees),
        depth: or("depth", depth, 1..=12, default.depth),
        min_leaf: or("min_leaf", min_leaf, 1..=10_000, default.min_leaf),
        features_per_split: features_per_split.map(|value| or("features_per_split", Some(value), 1..=WIDTH, WIDTH)),
    }
}

fn ridge_spec(wire: wire::RidgeParams, violations: &mut Violations) -> RidgeSpec {
    let wire::RidgeParams { penalty } = wire;
    let penalty = penalty.unwrap_or(RidgeSpec::default().penalty);
    if !(penalty > 0.0 && penalty <= 1e6) {
        violations.add("penalty", "must be above 0 and at most 1,000,000");
    }
    RidgeSpec { penalty }
}

fn bounded(field: &str, value: u32, bounds: RangeInclusive<usize>, violations: &mut Violations) -> usize {
    let value = value as usize;
    if !bounds.contains(&value) {
        violations.add(field, format_args!("must be from {} to {}", bounds.start(), bounds.end()));
    }
    value
}

pub(in crate::grpc) fn evaluate(
    request: wire::EvaluateModelRequest,
    owner: String,
) -> Result<(Launch, EvaluateRequest), Fault> {
    let rest = wire::EvaluateModelRequest { request_id: String::new(), ..request.clone() };
    let wire::EvaluateModelRequest { name, start_time, end_time, request_id: id } = request;
    let mut violations = Violations::new();
    let version = violations.take("name", version(&name));
    let (start, end) = range(start_time, end_time, &mut violations);
    let request = request_key("TrainingService.EvaluateModel", &id, &rest, &mut violations);
    let launch = Launch { owner, request };
    violations.finish_some(version.map(|version| (launch, EvaluateRequest { version, start, end })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_contract() {
        let (launch, request) = train(wire::TrainModelsRequest::default(), "me".into()).unwrap();
        assert_eq!(request.order, Order::default());
        assert_eq!((request.order.folds, request.order.seed), (5, 42));
        assert_eq!((launch.request, request.until), (None, None));
    }

    #[test]
    fn every_bad_field_is_named() {
        let bad = wire::TrainModelsRequest {
            symbols: vec!["aapl".into()],
            forest: Some(wire::ForestParams { trees: Some(0), depth: Some(13), ..Default::default() }),
            ridge: Some(wire::RidgeParams { penalty: None }),
            folds: 21,
            request_id: "x".into(),
            ..Default::default()
        };
        let fault = train(bad, "me".into()).unwrap_err();
        let fields: Vec<&str> = fault.violations().iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["symbols[0]", "ridge", "forest.trees", "forest.depth", "folds", "request_id"]);
    }
}
