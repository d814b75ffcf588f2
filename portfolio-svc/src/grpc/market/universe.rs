use std::collections::BTreeMap;

use tickmesh_proto::types::Symbol;

use crate::plan::Periods;

/// What the list of instruments says of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The returns that it has in a year.
    pub periods: Periods,
    /// How many daily bars there are.
    pub daily_bars: u64,
}

/// The instruments that exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Universe(BTreeMap<Symbol, Listed>);

impl FromIterator<(Symbol, Listed)> for Universe {
    fn from_iter<I: IntoIterator<Item = (Symbol, Listed)>>(instruments: I) -> Self {
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

    /// How many daily bars of a symbol there are.
    pub fn daily_bars(&self, symbol: &Symbol) -> u64 {
        self.0.get(symbol).map_or(0, |listed| listed.daily_bars)
    }

    /// 365 if all of `symbols` trade every day, else the 252 sessions that they have in common.
    pub fn periods(&self, symbols: &[Symbol]) -> Periods {
        let is_daily = |symbol| self.0.get(symbol).is_some_and(|listed: &Listed| listed.periods == Periods::Days);
        let daily = symbols.iter().all(is_daily);
        if daily { Periods::Days } else { Periods::Sessions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_365_returns_only_when_all_trade_every_day() {
        let symbol = |text: &str| Symbol::try_from(text).unwrap();
        let listed = |text: &str, periods| (symbol(text), Listed { periods, daily_bars: 100 });
        let universe: Universe =
            [listed("AAPL", Periods::Sessions), listed("BTC-USD", Periods::Days)].into_iter().collect();
        assert_eq!(universe.periods(&[symbol("BTC-USD")]), Periods::Days);
        assert_eq!(universe.periods(&[symbol("BTC-USD"), symbol("AAPL")]), Periods::Sessions);
    }
}
