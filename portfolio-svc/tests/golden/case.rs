use portfolio_svc::limits::{Builder, Limits};
use portfolio_svc::optimise::{Objective, Problem, Status};
use portfolio_svc::prices::Returns;
use portfolio_svc::{covariance, expected};
use tickmesh_proto::types::Symbol;

/// golden.json and closes.csv.
pub(crate) struct Golden {
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) returns: Returns,
    json: serde_json::Value,
}

impl Golden {
    pub(crate) fn load() -> Self {
        let json: serde_json::Value = serde_json::from_str(include_str!("golden.json")).unwrap();
        let symbols = json["symbols"].as_array().unwrap().iter();
        let symbols = symbols.map(|s| Symbol::try_from(s.as_str().unwrap()).unwrap()).collect();
        Self { symbols, returns: Returns::of_prices(&closes(include_str!("closes.csv"))).unwrap(), json }
    }

    pub(crate) fn numbers(&self, pointer: &str) -> Vec<f64> {
        let values = self.json.pointer(pointer).unwrap_or_else(|| panic!("golden.json has {pointer}"));
        values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    }

    pub(crate) fn number(&self, pointer: &str) -> f64 {
        self.json.pointer(pointer).and_then(serde_json::Value::as_f64).unwrap()
    }
}

/// One column of prices a symbol.
fn closes(csv: &str) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> =
        csv.lines().skip(1).map(|line| line.split(',').skip(1).map(|v| v.parse().unwrap()).collect()).collect();
    (0..rows[0].len()).map(|i| rows.iter().map(|row| row[i]).collect()).collect()
}

/// The golden universe under some limits.
pub(crate) struct Case {
    golden: Golden,
    limits: Limits,
    risk_free: f64,
}

impl Case {
    pub(crate) fn long_only() -> Self {
        Self::limited(|limits| limits)
    }

    pub(crate) fn limited(limit: impl FnOnce(Builder) -> Builder) -> Self {
        let golden = Golden::load();
        let limits = limit(Builder::new(golden.symbols.clone())).finish().unwrap();
        Self { golden, limits, risk_free: 0.0 }
    }

    pub(crate) fn risk_free(self, risk_free: f64) -> Self {
        Self { risk_free, ..self }
    }

    /// Asserts that the weights are the golden ones to 1e-8.
    pub(crate) fn solves(self, objective: Objective, golden: &str) {
        let covariance = covariance::ledoit_wolf(&self.golden.returns, 252.0);
        let expected = expected::historical(&self.golden.returns, 252.0);
        let outcome = objective.optimise(&Problem::new(covariance, expected, self.limits, self.risk_free));
        let Status::Solved(weights) = &outcome.status else { panic!("not solved: {outcome:?}") };
        assert_close(weights.as_slice(), &self.golden.numbers(golden), 1e-8);
    }
}

#[track_caller]
pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(difference <= tolerance, "[{i}] {found} differs from {expected} by {difference:.2e}");
    }
}
