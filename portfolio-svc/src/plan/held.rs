use std::collections::BTreeMap;

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

    fn of(&self, symbol: &Symbol) -> f64 {
        self.0.get(symbol).copied().unwrap_or(0.0)
    }

    /// Half the sum of absolute changes to the new weights, with what is sold because it is no longer among `symbols`.
    pub fn turnover_to(&self, symbols: &[Symbol], weights: &Weights) -> f64 {
        let kept: Vec<f64> = symbols.iter().map(|symbol| self.of(symbol)).collect();
        weights.turnover_from(&kept) + self.gone(symbols).abs() / 2.0
    }

    /// A limit on trading among `symbols`.
    ///
    /// What is no longer among them must be sold whatever the limit says; its proceeds count as held in proportion to the
    /// rest, so that the limit speaks of what there is a choice about. `None` when nothing among them is held.
    pub fn limit(&self, symbols: &[Symbol], most: f64) -> Option<Turnover> {
        let mut held: Vec<f64> = symbols.iter().map(|symbol| self.of(symbol)).collect();
        if self.gone(symbols) != 0.0 {
            let kept: f64 = held.iter().sum();
            let whole = kept + self.gone(symbols);
            held.iter_mut().for_each(|weight| *weight *= whole / kept);
        }
        let sound = held.iter().all(|weight| weight.is_finite()) && held.iter().any(|weight| *weight != 0.0);
        sound.then_some(Turnover { held, most })
    }

    /// The sum of what is held outside of `symbols`.
    fn gone(&self, symbols: &[Symbol]) -> f64 {
        self.0.iter().filter(|(symbol, _)| !symbols.contains(symbol)).map(|(_, weight)| weight).sum()
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
    fn what_left_the_universe_counts_as_sold() {
        let weights = Weights::try_from(vec![0.5, 0.5]).unwrap();
        let turnover = held(&[("A", 0.5), ("GONE", 0.5)]).turnover_to(&symbols(&["A", "B"]), &weights);
        assert_eq!(turnover, 0.5);
    }

    #[test]
    fn a_forced_sale_does_not_use_up_the_limit() {
        let limit = held(&[("A", 0.3), ("B", 0.2), ("GONE", 0.5)]).limit(&symbols(&["A", "B"]), 0.1).unwrap();
        assert_eq!(limit, Turnover { held: vec![0.6, 0.4], most: 0.1 });
        assert_eq!(held(&[("GONE", 1.0)]).limit(&symbols(&["A"]), 0.1), None);
    }
}
