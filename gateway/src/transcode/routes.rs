//! Verb and path → method.

use std::sync::Arc;

use http::Method as Verb;

use crate::contract::{Body, Contracts, Method, Rule};
use crate::template::{Binding, PathError, Template};

/// Every HTTP rule of the contracts, the more specific ones first.
#[derive(Debug)]
pub struct Routes {
    routes: Vec<Route>,
}

#[derive(Debug)]
struct Route {
    method: Arc<Method>,
    rule: Rule,
}

/// What a verb and a path lead to.
#[derive(Debug)]
pub enum Found<'r> {
    /// A method.
    Method(Match<'r>),
    /// A path that exists, but not with this verb; the verbs it has.
    OtherVerbs(Vec<Verb>),
    /// No path.
    Nothing,
}

/// A method that was found, and what its path says.
#[derive(Debug)]
pub struct Match<'r> {
    /// The method.
    pub method: &'r Arc<Method>,
    /// What the body holds.
    pub body: Body,
    /// The fields that the path binds.
    pub bindings: Result<Vec<Binding<'r>>, PathError>,
}

impl Routes {
    /// Orders all rules of the contracts.
    pub fn new(contracts: &Contracts) -> Self {
        let rules = |method: &Arc<Method>| {
            let method = Arc::clone(method);
            method.rules().to_vec().into_iter().map(move |rule| Route { method: Arc::clone(&method), rule })
        };
        let mut routes: Vec<Route> = contracts.methods().iter().flat_map(rules).collect();
        routes.sort_by(|a, b| Template::by_specificity(&a.rule.template, &b.rule.template));
        Self { routes }
    }

    /// Finds the method that a verb and a raw path mean.
    pub fn find(&self, verb: &Verb, path: &str) -> Found<'_> {
        let mut verbs = Vec::new();
        for Route { method, rule } in &self.routes {
            let Some(bindings) = rule.template.matches(path) else { continue };
            if rule.verb == verb {
                return Found::Method(Match { method, body: rule.body, bindings });
            }
            if !verbs.contains(&rule.verb) {
                verbs.push(rule.verb.clone());
            }
        }
        if verbs.is_empty() { Found::Nothing } else { Found::OtherVerbs(verbs) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(verb: &Verb, path: &str) -> String {
        let routes = Routes::new(&Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap());
        match routes.find(verb, path) {
            Found::Method(found) => found.method.descriptor().name().to_owned(),
            Found::OtherVerbs(verbs) => format!("{verbs:?}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn legacy_paths_lead_to_the_same_methods() {
        assert_eq!(find(&Verb::POST, "/predict"), "Predict");
        assert_eq!(find(&Verb::POST, "/predict/portfolio"), "PredictPortfolio");
        assert_eq!(find(&Verb::GET, "/market/realtime/AAPL"), "GetSnapshot");
        assert_eq!(find(&Verb::GET, "/trading/signals"), "ListSignals");
        assert_eq!(find(&Verb::GET, "/portfolio/optimize"), "Optimize");
    }

    #[test]
    fn literals_go_before_wildcards_and_verbs_before_both() {
        assert_eq!(find(&Verb::GET, "/v1/market/bars"), "BatchListBars");
        assert_eq!(find(&Verb::GET, "/v1/market/AAPL/bars"), "ListBars");
        assert_eq!(find(&Verb::GET, "/v1/market/bars:stream"), "StreamBars");
        assert_eq!(find(&Verb::GET, "/v1/features/AAPL:verifyParity"), "VerifyParity");
        assert_eq!(find(&Verb::GET, "/v1/features/AAPL:XNAS"), "GetFeatures");
        assert_eq!(find(&Verb::GET, "/v1/models/aapl"), "GetModel");
        assert_eq!(find(&Verb::GET, "/v1/models/aapl/versions/3"), "GetModelVersion");
    }

    #[test]
    fn operations_are_listed_by_part_and_waited_for() {
        assert_eq!(find(&Verb::GET, "/v1/operations"), "ListOperations");
        assert_eq!(find(&Verb::GET, "/v1/operations/model"), "ListOperations");
        assert_eq!(find(&Verb::GET, "/v1/operations/model/7"), "GetOperation");
        assert_eq!(find(&Verb::POST, "/v1/operations/model/7:wait"), "WaitOperation");
        assert_eq!(find(&Verb::POST, "/v1/operations/model/7:cancel"), "CancelOperation");
    }

    #[test]
    fn a_known_path_with_another_verb_says_which_it_has() {
        assert_eq!(find(&Verb::GET, "/predict"), "[POST]");
        assert_eq!(find(&Verb::DELETE, "/v1/instruments"), "[GET]");
        assert_eq!(find(&Verb::PATCH, "/v1/operations/model/7"), "[GET, DELETE]");
        assert_eq!(find(&Verb::GET, "/v1/nothing"), "nothing");
    }
}
