use std::collections::{BTreeMap, BTreeSet};

use tickmesh_proto::types::Symbol;

use crate::limits::{Turnover, Weights};

/// The weights held, by symbol; symbols left out weigh 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held(BTreeMap<Symbol, f64>);

impl FromIterator<(Symbol, f64)> for Held {
    fn from_iter<I: IntoIterator<Item = (Symbol, f64)>>(weights: I) -> Self {
        Self(weights.into_iter().collect())
    }
}

impl Held {
    /// Symbols and weights in ascending order of symbols.
    pub fn iter(&self) -> impl Iterator<Item = (&Symbol, f64)> {
        self.0.iter().map(|(symbol, weight)| (symbol, *weight))
    }

    /// Half the sum of absolute changes to the new weights, with all positions closed that are no longer among
    /// `symbols`.
    pub fn turnover_to(&self, symbols: &[Symbol], weights: &Weights) -> f64 {
        let closed: f64 = self.gone(symbols).map(f64::abs).sum();
        weights.turnover_from(&self.among(symbols)) + closed / 2.0
    }

    /// A limit on trading among `symbols`.
    ///
    /// What is no longer among them must be closed, and its proceeds put into the others, whatever the limit says:
    /// neither uses it up, so that the limit speaks of what there is a choice about.
    pub fn limit(&self, symbols: &[Symbol], most: f64) -> Turnover {
        let proceeds: f64 = self.gone(symbols).sum();
        Turnover { held: self.among(symbols), most: most + proceeds.abs() / 2.0 }
    }

    fn among(&self, symbols: &[Symbol]) -> Vec<f64> {
        symbols.iter().map(|symbol| self.0.get(symbol).copied().unwrap_or(0.0)).collect()
    }

    /// What is held outside of `symbols`.
    fn gone(&self, symbols: &[Symbol]) -> impl Iterator<Item = f64> {
        let symbols: BTreeSet<&Symbol> = symbols.iter().collect();
        self.0.iter().filter(move |(symbol, _)| !symbols.contains(symbol)).map(|(_, weight)| *weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(names: &[&str]) -> Vec<Symbol> {
        names.iter().map(|s| Symbol::try_from(*s).unwrap()).collect()
    }

    fn held(weights: &[(&str, f64)]) -> Held {
        weights.iter().map(|(s, w)| (Symbol::try_from(*s).unwrap(), *w)).collect()
    }

    #[test]
    fn what_left_the_universe_counts_as_closed_long_or_short() {
        let weights = Weights::try_from(vec![0.5, 0.5]).unwrap();
        let turnover = held(&[("A", 0.5), ("GONE", 0.5)]).turnover_to(&symbols(&["A", "B"]), &weights);
        assert_eq!(turnover, 0.5);
        let both = held(&[("A", 0.5), ("B", 0.5), ("LONG", 0.5), ("SHORT", -0.5)]);
        assert_eq!(both.turnover_to(&symbols(&["A", "B"]), &weights), 0.5);
    }

    #[test]
    fn closing_what_left_and_investing_its_proceeds_do_not_use_up_the_limit() {
        let limit = held(&[("A", 0.3), ("B", 0.2), ("GONE", 0.5)]).limit(&symbols(&["A", "B"]), 0.1);
        assert_eq!(limit, Turnover { held: vec![0.3, 0.2], most: 0.35 });
        assert_eq!(held(&[("GONE", 1.0)]).limit(&symbols(&["A"]), 0.1), Turnover { held: vec![0.0], most: 0.6 });
        assert_eq!(held(&[("A", 0.0)]).limit(&symbols(&["A"]), 0.1), Turnover { held: vec![0.0], most: 0.1 });
    }
}
