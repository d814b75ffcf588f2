use std::cmp::Ordering;

use super::Instrument;

/// Comparisons that an instrument must all pass: `field op "value"` joined by `AND`, with `=`, `!=`, `<`, `<=`, `>`,
/// `>=`.
///
/// ```
/// use market_svc::instrument::Filter;
/// assert!(Filter::parse(r#"venue = "XNAS" AND symbol >= "M""#).is_ok());
/// assert!(Filter::parse(r#"price > "3""#).is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter(Vec<Comparison>);

/// Why a text is no filter of instruments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A comparison breaks the grammar.
    #[error("must be comparisons such as venue = \"XNAS\" joined by AND, with =, !=, <, <=, > or >=; not {0:?}")]
    Grammar(String),
    /// A field that cannot be filtered by.
    #[error("must compare symbol, asset_class, venue or currency, not {0:?}")]
    Field(String),
}

#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    field: Field,
    operator: Operator,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    Symbol,
    AssetClass,
    Venue,
    Currency,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer operators first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Filter {
    /// Reads a filter; an empty text lets everything pass.
    ///
    /// # Errors
    /// If the text breaks the grammar or names a field that cannot be filtered by.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut rest = text.trim();
        let mut comparisons = Vec::new();
        while !rest.is_empty() {
            let (comparison, after) = Comparison::parse(rest)?;
            comparisons.push(comparison);
            rest = after.trim_start();
            if let Some(next) = rest.strip_prefix("AND ") {
                rest = next.trim_start();
            } else if !rest.is_empty() {
                return Err(FilterError::Grammar(rest.to_owned()));
            }
        }
        Ok(Self(comparisons))
    }

    /// Whether `instrument` passes all comparisons.
    pub fn passes(&self, instrument: &Instrument) -> bool {
        self.0.iter().all(|comparison| comparison.passes(instrument))
    }
}

impl Comparison {
    /// Reads one comparison from the start of `text`; returns it and what follows.
    fn parse(text: &str) -> Result<(Self, &str), FilterError> {
        let grammar = || FilterError::Grammar(text.to_owned());
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').ok_or_else(grammar)?;
        let (name, rest) = text.split_at(end);
        let rest = rest.trim_start();
        let (sign, operator) = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(grammar)?;
        let quoted = rest[sign.len()..].trim_start().strip_prefix('"').ok_or_else(grammar)?;
        let (value, after) = quoted.split_once('"').ok_or_else(grammar)?;
        let field = Field::by_name(name).ok_or_else(|| FilterError::Field(name.to_owned()))?;
        Ok((Self { field, operator: *operator, value: field.canonical(value) }, after))
    }

    fn passes(&self, instrument: &Instrument) -> bool {
        let ordering = self.field.of(instrument).cmp(self.value.as_str());
        match self.operator {
            Operator::Equal => ordering == Ordering::Equal,
            Operator::NotEqual => ordering != Ordering::Equal,
            Operator::Less => ordering == Ordering::Less,
            Operator::LessOrEqual => ordering != Ordering::Greater,
            Operator::Greater => ordering == Ordering::Greater,
            Operator::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

impl Field {
    fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "symbol" => Self::Symbol,
            "asset_class" => Self::AssetClass,
            "venue" => Self::Venue,
            "currency" => Self::Currency,
            _ => return None,
        })
    }

    /// Classes may be written as in the contract, `ASSET_CLASS_EQUITY`, or short.
    fn canonical(self, value: &str) -> String {
        match self {
            Self::AssetClass => value.trim_start_matches("ASSET_CLASS_").to_owned(),
            Self::Symbol | Self::Venue | Self::Currency => value.to_owned(),
        }
    }

    fn of(self, instrument: &Instrument) -> &str {
        match self {
            Self::Symbol => instrument.symbol.as_str(),
            Self::AssetClass => instrument.asset_class.name(),
            Self::Venue => &instrument.venue,
            Self::Currency => &instrument.currency,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tickmesh_proto::types::Symbol;

    use super::*;

    fn passing(filter: &str) -> Vec<&'static str> {
        let filter = Filter::parse(filter).unwrap();
        let passes = |s: &str| filter.passes(&Instrument::of(&Symbol::try_from(s).unwrap()));
        ["AAPL", "BTC-USD", "IBM", "SPY"].into_iter().filter(|s| passes(s)).collect()
    }

    #[test]
    fn comparisons_are_joined_by_and() {
        assert_eq!(passing(""), ["AAPL", "BTC-USD", "IBM", "SPY"]);
        assert_eq!(passing(r#"asset_class = "ASSET_CLASS_EQUITY""#), ["AAPL", "IBM"]);
        assert_eq!(passing(r#"asset_class!="EQUITY" AND symbol <= "C""#), ["BTC-USD"]);
        assert_eq!(passing(r#"symbol >"AAPL"   AND  symbol<"SPY" AND currency = "USD""#), ["BTC-USD", "IBM"]);
        assert_eq!(passing(r#"venue >= "XNYS" AND venue <= "XNYS""#), ["IBM"]);
    }

    #[test]
    fn refuses_what_it_cannot_mean() {
        assert_eq!(Filter::parse(r#"price = "1""#), Err(FilterError::Field("price".into())));
        for text in ["symbol", "symbol =", "symbol = AAPL", r#"symbol = "A" OR venue = "X""#, r#"symbol = "A" AND"#] {
            assert!(matches!(Filter::parse(text), Err(FilterError::Grammar(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-z_]{0,12} ?(=|!=|<|>=)? ?\"?.{0,12}\"?( AND .{0,9})?") {
            let _ = Filter::parse(&text);
        }
    }
}
