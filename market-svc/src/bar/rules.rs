use std::fmt;

use super::Draft;

/// What every stored bar keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Not NaN, not infinite.
    #[error("must be a finite number")]
    Finite,
    /// Greater than zero.
    #[error("must be > 0")]
    Positive,
    /// Not below zero.
    #[error("must be >= 0")]
    NotNegative,
    /// The high is a high.
    #[error("must be >= open and close")]
    AboveOpenAndClose,
    /// The low is a low.
    #[error("must be <= open and close")]
    BelowOpenAndClose,
    /// Time passes.
    #[error("must be after open_time")]
    AfterOpen,
}

/// A field and the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The field's name, as in the contract.
    pub field: &'static str,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.rule)
    }
}

/// All rules that `draft` breaks, in the order of the fields.
pub(super) fn broken(draft: &Draft) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut check = |field, rule: Option<Rule>| broken.extend(rule.map(|rule| Broken { field, rule }));
    check("close_time", (draft.close_time <= draft.open_time).then_some(Rule::AfterOpen));
    check("open", price(draft.open));
    check("high", price(draft.high).or_else(|| high(draft)));
    check("low", price(draft.low).or_else(|| low(draft)));
    check("close", price(draft.close));
    check("volume", amount(draft.volume));
    check("vwap", draft.vwap.and_then(price));
    check("adjustment_factor", draft.adjustment_factor.and_then(price));
    broken
}

fn price(value: f64) -> Option<Rule> {
    if !value.is_finite() {
        return Some(Rule::Finite);
    }
    (value <= 0.0).then_some(Rule::Positive)
}

fn amount(value: f64) -> Option<Rule> {
    if !value.is_finite() {
        return Some(Rule::Finite);
    }
    (value < 0.0).then_some(Rule::NotNegative)
}

// `f64::max` and `min` skip NaN, so a missing open or close is reported once, by its own rule.
fn high(draft: &Draft) -> Option<Rule> {
    (draft.high < draft.open.max(draft.close)).then_some(Rule::AboveOpenAndClose)
}

fn low(draft: &Draft) -> Option<Rule> {
    (draft.low > draft.open.min(draft.close)).then_some(Rule::BelowOpenAndClose)
}

#[cfg(test)]
mod tests {
    use super::super::tests::candle;
    use super::*;

    fn rules(change: impl FnOnce(&mut Draft)) -> Vec<(&'static str, Rule)> {
        let mut draft = *candle(0, 60, 10.0);
        change(&mut draft);
        broken(&draft).into_iter().map(|b| (b.field, b.rule)).collect()
    }

    #[test]
    fn each_broken_rule_is_named() {
        assert_eq!(rules(|_| ()), []);
        assert_eq!(rules(|d| d.close_time = d.open_time), [("close_time", Rule::AfterOpen)]);
        assert_eq!(rules(|d| d.open = f64::NAN), [("open", Rule::Finite)]);
        assert_eq!(rules(|d| d.high = 9.0), [("high", Rule::AboveOpenAndClose)]);
        assert_eq!(rules(|d| d.low = 10.5), [("low", Rule::BelowOpenAndClose)]);
        assert_eq!(rules(|d| d.volume = -1.0), [("volume", Rule::NotNegative)]);
        assert_eq!(rules(|d| d.vwap = Some(f64::INFINITY)), [("vwap", Rule::Finite)]);
        assert_eq!(rules(|d| d.adjustment_factor = Some(0.0)), [("adjustment_factor", Rule::Positive)]);
    }

    #[test]
    fn all_of_them_at_once() {
        let broken = rules(|d| (d.open, d.low, d.close, d.volume) = (0.0, -1.0, f64::NAN, f64::NAN));
        let fields: Vec<_> = broken.iter().map(|b| b.0).collect();
        assert_eq!(fields, ["open", "low", "close", "volume"]);
    }
}
