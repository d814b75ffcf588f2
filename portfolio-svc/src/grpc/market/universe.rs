use std::collections::BTreeMap;

use tickmesh_proto::types::Symbol;

use crate::plan::Periods;

/// The instruments that exist, each with the returns that it has in a year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Universe(BTreeMap<Symbol, Periods>);

impl FromIterator<(Symbol, Periods)> for Universe {
    fn from_iter<I: IntoIterator<Item = (Symbol, Periods)>>(instruments: I) -> Self {
        Self(instruments.into_iter().collect())
    }
}

impl Universe {
    /// All symbols in ascending order.
    pub fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.0.keys()
    }

    /// Whether there is no instrument at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the symbol exists.
    pub fn knows(&self, symbol: &Symbol) -> bool {
        self.0.contains_key(symbol)
    }

    /// 365 if all of `symbols` trade every day, else the 252 sessions that they have in common.
    pub fn periods(&self, symbols: &[Symbol]) -> Periods {
        let daily = symbols.iter().all(|symbol| self.0.get(symbol) == Some(&Periods::Days));
        if daily { Periods::Days } else { Periods::Sessions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_365_returns_only_when_all_trade_every_day() {
        let symbol = |text: &str| Symbol::try_from(text).unwrap();
        let universe: Universe =
            [(symbol("AAPL"), Periods::Sessions), (symbol("BTC-USD"), Periods::Days)].into_iter().collect();
        assert_eq!(universe.periods(&[symbol("BTC-USD")]), Periods::Days);
        assert_eq!(universe.periods(&[symbol("BTC-USD"), symbol("AAPL")]), Periods::Sessions);
    }
}
