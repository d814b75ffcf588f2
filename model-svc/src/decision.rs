//! BUY, SELL or HOLD: whether the edge pays for its cost and its risk.
//!
//! ```text
//! U(+1) =  m - c - γ/2 E[r²]        BUY  when U(+1) > 0
//! U(-1) = -m - c - γ/2 E[r²]        SELL when U(-1) > 0        else HOLD
//! strength = clip((|m| - c) / (γ E[r²]), 0, 1)
//! lean     = sign of m - a, the forecast less its drift
//! ```
//!
//! The expectation is over the predictive distribution. The interval informs and does not gate. What makes a forecast
//! unfit to act on gates: then it is HOLD whatever the utility says, with every such reason.

use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Be long.
    Buy,
    /// Be short, or leave where shorting is not allowed.
    Sell,
    /// Neither.
    Hold,
}

/// The direction of a forecast net of its drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lean {
    /// Above the drift.
    Up,
    /// Below it.
    Down,
    /// At it.
    None,
}

/// Why an action was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// The edge pays for cost and risk.
    EdgeAboveCost,
    /// The edge does not pay for cost and risk.
    EdgeBelowCost,
    /// Validation found no skill, and the drift does not pay the cost.
    NoValidatedEdge,
    /// The newest bar is too old for the market clock.
    StaleData,
    /// The model is older than its retraining interval.
    StaleModel,
    /// A feature lies far outside what the model was trained on.
    OutOfDistribution,
    /// The features have not seen enough bars.
    WarmingUp,
    /// No model serves this symbol.
    NoModel,
    /// The model has learned from later bars.
    InSample,
}

/// What a round trip costs and how much risk may cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Cost `c` of a round trip, a fraction; 10 basis points by default.
    pub cost: f64,
    /// Risk aversion `γ`; 1 by default.
    pub risk_aversion: f64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { cost: 0.001, risk_aversion: 1.0 }
    }
}

/// What a decision looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Expected return `m`.
    pub expected: f64,
    /// Drift `a` of the calibration.
    pub drift: f64,
    /// Slope `b` of the calibration.
    pub slope: f64,
    /// `E[r²]` under the predictive distribution.
    pub second_moment: f64,
}

/// An action with its grounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// How strongly, 0 to 1.
    pub strength: f64,
    /// The direction, given for HOLD too.
    pub lean: Lean,
    /// Why; at least one.
    pub reasons: Vec<Reason>,
}

impl Decision {
    /// HOLD without a forecast.
    #[must_use]
    pub fn unavailable(reason: Reason) -> Self {
        Self { action: Action::Hold, strength: 0.0, lean: Lean::None, reasons: vec![reason] }
    }
}

/// Decides on an edge. `gates` are the reasons, if any, not to act on it.
#[must_use]
pub fn decide(edge: &Edge, terms: &Terms, gates: &[Reason]) -> Decision {
    let (action, reasons) = if gates.is_empty() { act(edge, terms) } else { (Action::Hold, gates.to_vec()) };
    Decision { action, strength: strength(edge, terms), lean: lean(edge), reasons }
}

fn act(edge: &Edge, terms: &Terms) -> (Action, Vec<Reason>) {
    let price = terms.cost + terms.risk_aversion / 2.0 * edge.second_moment;
    if edge.expected - price > 0.0 {
        (Action::Buy, vec![Reason::EdgeAboveCost])
    } else if -edge.expected - price > 0.0 {
        (Action::Sell, vec![Reason::EdgeAboveCost])
    } else if edge.slope == 0.0 && edge.drift.abs() <= terms.cost {
        (Action::Hold, vec![Reason::NoValidatedEdge])
    } else {
        (Action::Hold, vec![Reason::EdgeBelowCost])
    }
}

fn strength(edge: &Edge, terms: &Terms) -> f64 {
    let risk = terms.risk_aversion * edge.second_moment;
    let beyond_cost = edge.expected.abs() - terms.cost;
    if beyond_cost <= 0.0 {
        0.0
    } else if risk <= 0.0 {
        1.0
    } else {
        (beyond_cost / risk).min(1.0)
    }
}

fn lean(edge: &Edge) -> Lean {
    let net = edge.expected - edge.drift;
    if net > 0.0 {
        Lean::Up
    } else if net < 0.0 {
        Lean::Down
    } else {
        Lean::None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edge(expected: f64) -> Edge {
        Edge { expected, drift: 0.0005, slope: 0.2, second_moment: 0.0004 }
    }

    fn action(expected: f64) -> (Action, Reason) {
        let decision = decide(&edge(expected), &Terms::default(), &[]);
        (decision.action, decision.reasons[0])
    }

    #[test]
    fn acts_only_beyond_cost_and_half_the_risk() {
        // c + γ/2 E[r²] = 0.0012
        assert_eq!(action(0.0013), (Action::Buy, Reason::EdgeAboveCost));
        assert_eq!(action(0.0012), (Action::Hold, Reason::EdgeBelowCost));
        assert_eq!(action(-0.0012), (Action::Hold, Reason::EdgeBelowCost));
        assert_eq!(action(-0.0013), (Action::Sell, Reason::EdgeAboveCost));
    }

    #[test]
    fn no_validated_edge_is_no_slope_and_a_drift_within_cost() {
        let flat = |drift| Edge { expected: drift, drift, slope: 0.0, second_moment: 0.01 };
        let reason = |edge: Edge| decide(&edge, &Terms::default(), &[]).reasons;
        assert_eq!(reason(flat(0.001)), [Reason::NoValidatedEdge]);
        assert_eq!(reason(flat(0.0011)), [Reason::EdgeBelowCost]);
        assert_eq!(decide(&flat(0.001), &Terms::default(), &[]).lean, Lean::None);
    }

    #[test]
    fn a_gate_holds_and_still_informs() {
        let decision = decide(&edge(0.01), &Terms::default(), &[Reason::InSample, Reason::StaleData]);
        assert_eq!(decision.action, Action::Hold);
        assert_eq!(decision.reasons, [Reason::InSample, Reason::StaleData]);
        assert_eq!((decision.lean, decision.strength), (Lean::Up, 1.0));
    }

    #[test]
    fn strength_is_the_share_of_the_best_position() {
        let strength = |expected| decide(&edge(expected), &Terms::default(), &[]).strength;
        assert!((strength(0.0012) - 0.5).abs() < 1e-12, "(0.0012 - 0.001) / 0.0004");
        assert_eq!((strength(0.0009), strength(-0.1)), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn a_mirrored_edge_gets_the_mirrored_action(m in -0.01..0.01_f64, second_moment in 0.0..0.01_f64) {
            let edge = |expected| Edge { expected, drift: 0.0, slope: 0.5, second_moment };
            let (one, other) = (decide(&edge(m), &Terms::default(), &[]), decide(&edge(-m), &Terms::default(), &[]));
            let mirrored = match one.action {
                Action::Buy => Action::Sell,
                Action::Sell => Action::Buy,
                Action::Hold => Action::Hold,
            };
            prop_assert_eq!(other.action, mirrored);
            prop_assert_eq!(one.strength, other.strength);
            prop_assert!((0.0..=1.0).contains(&one.strength) && !one.reasons.is_empty());
        }
    }
}
