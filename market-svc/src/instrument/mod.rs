//! Instruments: what has a price, where it trades and in which currency.

mod filter;
mod known;

use tickmesh_proto::types::{Calendar, Symbol};

pub use filter::{Filter, FilterError};

/// What kind of thing an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssetClass {
    /// A share of a company.
    Equity,
    /// An exchange-traded fund.
    Etf,
    /// A crypto currency pair.
    Crypto,
    /// A foreign exchange pair.
    Fx,
    /// An index that cannot be traded itself.
    Index,
}

/// Something that has a price.
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    /// Its symbol, unique.
    pub symbol: Symbol,
    /// Its full name; the symbol where the name is not known.
    pub name: String,
    /// What kind of thing it is.
    pub asset_class: AssetClass,
    /// Market identifier code (ISO 10383) of its main venue; `XXXX`, the code for "no market", where it is not known.
    pub venue: String,
    /// Currency of its prices (ISO 4217).
    pub currency: String,
    /// Smallest price step, in the currency.
    pub tick_size: f64,
    /// When it trades.
    pub calendar: Calendar,
}

impl AssetClass {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Equity, "EQUITY"),
        (Self::Etf, "ETF"),
        (Self::Crypto, "CRYPTO"),
        (Self::Fx, "FX"),
        (Self::Index, "INDEX"),
    ];

    /// The class's name in capitals, for example `EQUITY`.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(class, _)| *class == self).map(|(_, name)| *name).expect("every class has a name")
    }

    /// The class of a [`name`](Self::name).
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, own)| *own == name).map(|(class, _)| *class)
    }
}

impl Instrument {
    /// What is known of `symbol`, else a guess from its form: `BTC-USD` is a crypto pair, all else a US share.
    ///
    /// ```
    /// use market_svc::instrument::Instrument;
    /// use tickmesh_proto::types::{Calendar, Symbol};
    /// let apple = Instrument::of(&Symbol::try_from("AAPL")?);
    /// assert_eq!((apple.name.as_str(), apple.venue.as_str()), ("Apple Inc.", "XNAS"));
    /// # Ok::<(), tickmesh_proto::types::ParseSymbolError>(())
    /// ```
    pub fn of(symbol: &Symbol) -> Self {
        known::find(symbol).or_else(|| known::crypto(symbol)).unwrap_or_else(|| known::share(symbol))
    }
}
