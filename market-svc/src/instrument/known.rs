use tickmesh_proto::types::{Calendar, Symbol};

use super::{AssetClass, Instrument};

/// ISO 10383's code for a market that is not known.
const NO_MARKET: &str = "XXXX";
const QUOTE_CURRENCIES: [&str; 8] = ["USD", "USDT", "USDC", "EUR", "GBP", "JPY", "BTC", "ETH"];

/// Symbol, name, class, venue. All trade in US dollars in steps of a cent at New York's hours.
const US: &[(&str, &str, AssetClass, &str)] = &[
    ("AAPL", "Apple Inc.", AssetClass::Equity, "XNAS"),
    ("AMD", "Advanced Micro Devices, Inc.", AssetClass::Equity, "XNAS"),
    ("AMZN", "Amazon.com, Inc.", AssetClass::Equity, "XNAS"),
    ("AVGO", "Broadcom Inc.", AssetClass::Equity, "XNAS"),
    ("BAC", "Bank of America Corporation", AssetClass::Equity, "XNYS"),
    ("BRK.B", "Berkshire Hathaway Inc. Class B", AssetClass::Equity, "XNYS"),
    ("CVX", "Chevron Corporation", AssetClass::Equity, "XNYS"),
    ("DIA", "SPDR Dow Jones Industrial Average ETF Trust", AssetClass::Etf, "ARCX"),
    ("GE", "General Electric Company", AssetClass::Equity, "XNYS"),
    ("GLD", "SPDR Gold Shares", AssetClass::Etf, "ARCX"),
    ("GOOG", "Alphabet Inc. Class C", AssetClass::Equity, "XNAS"),
    ("GOOGL", "Alphabet Inc. Class A", AssetClass::Equity, "XNAS"),
    ("HD", "The Home Depot, Inc.", AssetClass::Equity, "XNYS"),
    ("IBM", "International Business Machines Corporation", AssetClass::Equity, "XNYS"),
    ("INTC", "Intel Corporation", AssetClass::Equity, "XNAS"),
    ("IWM", "iShares Russell 2000 ETF", AssetClass::Etf, "ARCX"),
    ("JNJ", "Johnson & Johnson", AssetClass::Equity, "XNYS"),
    ("JPM", "JPMorgan Chase & Co.", AssetClass::Equity, "XNYS"),
    ("KO", "The Coca-Cola Company", AssetClass::Equity, "XNYS"),
    ("META", "Meta Platforms, Inc. Class A", AssetClass::Equity, "XNAS"),
    ("MSFT", "Microsoft Corporation", AssetClass::Equity, "XNAS"),
    ("NFLX", "Netflix, Inc.", AssetClass::Equity, "XNAS"),
    ("NVDA", "NVIDIA Corporation", AssetClass::Equity, "XNAS"),
    ("PG", "The Procter & Gamble Company", AssetClass::Equity, "XNYS"),
    ("QQQ", "Invesco QQQ Trust", AssetClass::Etf, "XNAS"),
    ("SPY", "SPDR S&P 500 ETF Trust", AssetClass::Etf, "ARCX"),
    ("TLT", "iShares 20+ Year Treasury Bond ETF", AssetClass::Etf, "XNAS"),
    ("TSLA", "Tesla, Inc.", AssetClass::Equity, "XNAS"),
    ("V", "Visa Inc. Class A", AssetClass::Equity, "XNYS"),
    ("WMT", "Walmart Inc.", AssetClass::Equity, "XNYS"),
    ("XOM", "Exxon Mobil Corporation", AssetClass::Equity, "XNYS"),
];

pub(super) fn find(symbol: &Symbol) -> Option<Instrument> {
    let (_, name, asset_class, venue) = US.iter().find(|(known, ..)| *known == symbol.as_str())?;
    Some(us(symbol, name, *asset_class, venue))
}

/// A pair such as BTC-USD or ETH-BTC.
pub(super) fn crypto(symbol: &Symbol) -> Option<Instrument> {
    let (_, quote) = symbol.as_str().split_once('-')?;
    let currency = QUOTE_CURRENCIES.iter().find(|known| **known == quote)?;
    Some(Instrument {
        symbol: symbol.clone(),
        name: symbol.to_string(),
        asset_class: AssetClass::Crypto,
        venue: NO_MARKET.to_owned(),
        currency: (*currency).to_owned(),
        tick_size: 0.01,
        calendar: Calendar::Always,
    })
}

/// A US share of which nothing but the symbol is known; `VOD:XLON` names its venue.
pub(super) fn share(symbol: &Symbol) -> Instrument {
    let venue = symbol.as_str().split_once(':').map_or(NO_MARKET, |(_, mic)| mic);
    us(symbol, symbol.as_str(), AssetClass::Equity, venue)
}

fn us(symbol: &Symbol, name: &str, asset_class: AssetClass, venue: &str) -> Instrument {
    Instrument {
        symbol: symbol.clone(),
        name: name.to_owned(),
        asset_class,
        venue: venue.to_owned(),
        currency: "USD".to_owned(),
        tick_size: 0.01,
        calendar: Calendar::NewYork,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(symbol: &str) -> Instrument {
        Instrument::of(&Symbol::try_from(symbol).unwrap())
    }

    #[test]
    fn every_known_symbol_is_one_and_in_order() {
        assert!(US.iter().all(|(symbol, ..)| Symbol::try_from(*symbol).is_ok()));
        assert!(US.is_sorted_by_key(|(symbol, ..)| *symbol));
    }

    #[test]
    fn forms_tell_what_the_table_does_not() {
        assert_eq!((of("BTC-USDT").currency.as_str(), of("BTC-USDT").calendar), ("USDT", Calendar::Always));
        assert_eq!((of("BF-B").asset_class, of("BF-B").venue.as_str()), (AssetClass::Equity, "XXXX"));
        assert_eq!(of("VOD:XLON").venue, "XLON");
        assert_eq!(of("SPY").asset_class, AssetClass::Etf);
    }
}
