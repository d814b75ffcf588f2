use std::fmt;
use std::sync::Arc;

/// An instrument's symbol: `[A-Z0-9][A-Z0-9.\-]{0,23}`, with `:MIC` after it where a ticker is not unique.
///
/// ```
/// use tickmesh_proto::types::Symbol;
/// assert_eq!(Symbol::try_from("BRK.B")?.as_str(), "BRK.B");
/// assert!(Symbol::try_from("BTC/USD").is_err());
/// # Ok::<(), tickmesh_proto::types::ParseSymbolError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

/// Why a text is not a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseSymbolError {
    /// Nothing was given.
    #[error("must be given, for example AAPL")]
    Empty,
    /// The ticker breaks the rule.
    #[error("must be 1 to 24 of A-Z, 0-9, '.' and '-', beginning with a letter or digit, for example BTC-USD")]
    Ticker,
    /// The market identifier code breaks the rule.
    #[error("must have a market identifier code of four of A-Z and 0-9 after the colon, for example VOD:XLON")]
    Venue,
}

impl Symbol {
    /// The symbol as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn upper_or_digit(c: u8) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn check(text: &str) -> Result<(), ParseSymbolError> {
    if text.is_empty() {
        return Err(ParseSymbolError::Empty);
    }
    let (ticker, venue) = text.split_once(':').map_or((text, None), |(t, v)| (t, Some(v)));
    let ticker = ticker.as_bytes();
    let inner = |c: &u8| upper_or_digit(*c) || matches!(c, b'.' | b'-');
    if ticker.len() > 24 || !ticker.first().is_some_and(|c| upper_or_digit(*c)) || !ticker.iter().all(inner) {
        return Err(ParseSymbolError::Ticker);
    }
    match venue {
        Some(mic) if mic.len() != 4 || !mic.bytes().all(upper_or_digit) => Err(ParseSymbolError::Venue),
        _ => Ok(()),
    }
}

impl TryFrom<&str> for Symbol {
    type Error = ParseSymbolError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        check(text).map(|()| Self(text.into()))
    }
}

impl TryFrom<String> for Symbol {
    type Error = ParseSymbolError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::try_from(text.as_str())
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.0.as_ref().to_owned()
    }
}

impl AsRef<str> for Symbol {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Symbol {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_markets_use() {
        for text in ["AAPL", "BRK.B", "BTC-USD", "0700", "VOD:XLON", &"A".repeat(24)] {
            assert_eq!(Symbol::try_from(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_the_rest_by_its_rule() {
        assert_eq!(Symbol::try_from(""), Err(ParseSymbolError::Empty));
        for text in ["aapl", "BTC/USD", ".A", "A B", &"A".repeat(25), ":XLON", "É"] {
            assert_eq!(Symbol::try_from(text), Err(ParseSymbolError::Ticker), "{text}");
        }
        for text in ["VOD:", "VOD:LSE", "VOD:xlon", "VOD:XLON:X"] {
            assert_eq!(Symbol::try_from(text), Err(ParseSymbolError::Venue), "{text}");
        }
    }
}
