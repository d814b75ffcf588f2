use std::collections::BTreeSet;

use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::model::v1::holding::Size;
use tickmesh_proto::types::Symbol;

use super::MAX_SYMBOLS;
use crate::holdings::{Holdings, MAX_WEIGHT, Sizes};

/// How far weights may be from summing to 1.
const TOLERANCE: f64 = 1e-6;

pub(in crate::grpc) fn holdings(request: wire::PredictPortfolioRequest) -> Result<Holdings, Fault> {
    let wire::PredictPortfolioRequest { holdings } = request;
    let mut violations = Violations::new();
    if holdings.is_empty() || holdings.len() > MAX_SYMBOLS {
        violations.add("holdings", format_args!("must list 1 to 1,000, and lists {}", holdings.len()));
        return violations.finish_some(None);
    }
    let by_quantity = matches!(holdings[0].size, Some(Size::Quantity(_)));
    let mut seen = BTreeSet::new();
    let mut checked = Vec::with_capacity(holdings.len());
    for (at, holding) in holdings.into_iter().enumerate() {
        let one = violations.within(&format!("holdings[{at}]"), |v| one(holding, by_quantity, &mut seen, v));
        checked.extend(one);
    }
    if violations.is_empty() {
        check_sum(&checked, by_quantity, &mut violations);
    }
    let (symbols, sizes) = checked.into_iter().unzip();
    let sizes = if by_quantity { Sizes::Quantities(sizes) } else { Sizes::Weights(sizes) };
    violations.finish(Holdings { symbols, sizes })
}

fn one(
    holding: wire::Holding,
    by_quantity: bool,
    seen: &mut BTreeSet<Symbol>,
    violations: &mut Violations,
) -> Option<(Symbol, f64)> {
    let wire::Holding { symbol, size } = holding;
    let symbol = violations.take("symbol", Symbol::try_from(symbol));
    if symbol.as_ref().is_some_and(|symbol| !seen.insert(symbol.clone())) {
        violations.add("symbol", "must be listed once");
    }
    let size = match size {
        None => {
            violations.add("weight", "must be given, or quantity");
            None
        }
        Some(Size::Weight(weight)) if weight.abs() > MAX_WEIGHT => {
            violations.add("weight", format_args!("must lie between -{MAX_WEIGHT} and {MAX_WEIGHT}"));
            None
        }
        Some(Size::Weight(weight)) => number("weight", weight, by_quantity, violations),
        Some(Size::Quantity(quantity)) => number("quantity", quantity, !by_quantity, violations),
    };
    symbol.zip(size)
}

fn number(field: &str, value: f64, mixed: bool, violations: &mut Violations) -> Option<f64> {
    if mixed {
        violations.add(field, "must not be mixed: all holdings by weight or all by quantity");
    } else if !value.is_finite() {
        violations.add(field, "must be a finite number");
    } else {
        return Some(value);
    }
    None
}

fn check_sum(checked: &[(Symbol, f64)], by_quantity: bool, violations: &mut Violations) {
    let sum: f64 = checked.iter().map(|(_, size)| size).sum();
    if !by_quantity && (sum - 1.0).abs() > TOLERANCE {
        violations.add("holdings", format_args!("must have weights that sum to 1, and they sum to {sum}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(symbol: &str, size: Option<Size>) -> wire::Holding {
        wire::Holding { symbol: symbol.into(), size }
    }

    fn rules(holdings: Vec<wire::Holding>) -> Vec<String> {
        let fault = super::holdings(wire::PredictPortfolioRequest { holdings }).unwrap_err();
        fault.violations().iter().map(|(field, _)| field.clone()).collect()
    }

    #[test]
    fn every_bad_holding_is_named() {
        let bad = vec![
            holding("AAPL", Some(Size::Weight(0.5))),
            holding("AAPL", Some(Size::Quantity(1.0))),
            holding("x", Some(Size::Weight(f64::NAN))),
            holding("NVDA", None),
        ];
        let expected = [
            "holdings[1].symbol",
            "holdings[1].quantity",
            "holdings[2].symbol",
            "holdings[2].weight",
            "holdings[3].weight",
        ];
        assert_eq!(rules(bad), expected);
        assert_eq!(rules(Vec::new()), ["holdings"]);
        let vast = [1e300, -1e300, 1.0].map(Size::Weight).map(Some);
        let vast = vast.into_iter().zip(["A", "B", "C"]).map(|(size, symbol)| holding(symbol, size)).collect();
        assert_eq!(rules(vast), ["holdings[0].weight", "holdings[1].weight"]);
        assert_eq!(rules(vec![holding("AAPL", Some(Size::Weight(0.9)))]), ["holdings"], "weights sum to 1");
    }

    #[test]
    fn shorts_are_allowed() {
        let long_short = vec![holding("AAPL", Some(Size::Weight(1.5))), holding("NVDA", Some(Size::Weight(-0.5)))];
        let parsed = super::holdings(wire::PredictPortfolioRequest { holdings: long_short }).unwrap();
        assert_eq!(parsed.sizes, Sizes::Weights(vec![1.5, -0.5]));
    }
}
