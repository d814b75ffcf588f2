use std::ops::Range;

use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::names::version;
use super::{moment, range, symbol_list};
use crate::ask::Question;
use crate::grpc::page::PageRequest;
use crate::store::{ForecastKey, ForecastQuery};
use crate::version::VersionName;

/// Listed symbols; none means all.
pub(in crate::grpc) struct Symbols(pub(in crate::grpc) Option<Vec<Symbol>>);

pub(in crate::grpc) fn question(request: wire::PredictRequest) -> Result<Question, Fault> {
    let wire::PredictRequest { symbol, as_of, model_version, explain } = request;
    let mut violations = Violations::new();
    let checked = violations.take("symbol", Symbol::try_from(symbol.as_str()));
    let as_of = moment("as_of", as_of, &mut violations);
    let version = named_version(&model_version, &mut violations);
    if version.as_ref().zip(checked).is_some_and(|(version, symbol)| version.symbol != symbol) {
        violations.add("model_version", "must be a version of the symbol's model");
    }
    violations.finish(Question { symbol, as_of, version, explain })
}

fn named_version(text: &str, violations: &mut Violations) -> Option<VersionName> {
    if text.is_empty() { None } else { violations.take("model_version", version(text)) }
}

/// The symbols as they came, since each gets its own answer or error, and the moment.
pub(in crate::grpc) fn batch(request: wire::BatchPredictRequest) -> Result<(Vec<String>, Option<Timestamp>), Fault> {
    let wire::BatchPredictRequest { symbols, as_of } = request;
    let mut violations = Violations::new();
    if symbols.is_empty() || symbols.len() > super::MAX_SYMBOLS {
        violations.add("symbols", format_args!("must list 1 to 1,000, and lists {}", symbols.len()));
    }
    let as_of = moment("as_of", as_of, &mut violations);
    violations.finish((symbols, as_of))
}

/// Checks one symbol of a batch, the one at `at`.
pub(in crate::grpc) fn listed(at: usize, symbol: &str) -> Result<Symbol, Fault> {
    let mut violations = Violations::new();
    let symbol = violations.take(&format!("symbols[{at}]"), Symbol::try_from(symbol));
    violations.finish_some(symbol)
}

pub(in crate::grpc) fn symbols(wire: Vec<String>) -> Result<Symbols, Fault> {
    let mut violations = Violations::new();
    let all = wire.is_empty();
    let listed = symbol_list(wire, &mut violations);
    violations.finish(Symbols((!all).then_some(listed)))
}

pub(in crate::grpc) fn features(request: wire::GetFeaturesRequest) -> Result<(String, Option<Timestamp>), Fault> {
    let wire::GetFeaturesRequest { symbol, as_of } = request;
    let mut violations = Violations::new();
    violations.take("symbol", Symbol::try_from(symbol.as_str()));
    let as_of = moment("as_of", as_of, &mut violations);
    violations.finish((symbol, as_of))
}

pub(in crate::grpc) fn parity(request: wire::VerifyParityRequest) -> Result<(String, Range<Timestamp>), Fault> {
    let wire::VerifyParityRequest { symbol, start_time, end_time } = request;
    let mut violations = Violations::new();
    violations.take("symbol", Symbol::try_from(symbol.as_str()));
    let (start, end) = range(start_time, end_time, &mut violations);
    violations.finish((symbol, start.unwrap_or(Timestamp::MIN)..end.unwrap_or(Timestamp::MAX)))
}

pub(in crate::grpc) fn forecasts(request: wire::ListForecastsRequest) -> Result<(ForecastQuery, PageRequest), Fault> {
    let rest = wire::ListForecastsRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    let wire::ListForecastsRequest { symbols, model_version, start_time, end_time, page_size, page_token } = request;
    let mut violations = Violations::new();
    let page = PageRequest::parse(page_size, &page_token, &rest, &mut violations);
    let symbols = symbol_list(symbols, &mut violations);
    let version = named_version(&model_version, &mut violations);
    let (start, end) = range(start_time, end_time, &mut violations);
    let after = page.after.as_deref().and_then(|key| violations.take("page_token", open(key)));
    let query = ForecastQuery { symbols, version, start, end, after, limit: page.one_more() };
    violations.finish((query, page))
}

/// A page's key: `{as_of in nanoseconds} {symbol}`.
pub(in crate::grpc) fn seal(key: &ForecastKey) -> String {
    format!("{} {}", key.as_of.nanos(), key.symbol)
}

fn open(key: &str) -> Result<ForecastKey, &'static str> {
    let parts =
        key.split_once(' ').and_then(|(time, symbol)| Some((time.parse().ok()?, Symbol::try_from(symbol).ok()?)));
    let (nanos, symbol) = parts.ok_or("must be the next_page_token of the page before")?;
    Ok(ForecastKey { as_of: Timestamp::from_nanos(nanos), symbol })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_named() {
        let bad = wire::PredictRequest {
            symbol: "aapl".into(),
            as_of: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
            model_version: "models/AAPL".into(),
            explain: false,
        };
        let fault = question(bad).unwrap_err();
        let fields: Vec<&str> = fault.violations().iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["symbol", "as_of", "model_version"]);
    }

    #[test]
    fn another_models_version_is_refused() {
        let mixed = wire::PredictRequest {
            symbol: "AAPL".into(),
            model_version: "models/NVDA/versions/1".into(),
            ..Default::default()
        };
        assert_eq!(question(mixed).unwrap_err().violations()[0].0, "model_version");
    }

    #[test]
    fn each_listed_symbol_is_checked() {
        let fault = symbols(vec!["AAPL".into(), "a".into(), "".into()]).err().unwrap();
        let fields: Vec<&str> = fault.violations().iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["symbols[1]", "symbols[2]"]);
        assert!(symbols(Vec::new()).ok().unwrap().0.is_none(), "empty means all");
    }

    #[test]
    fn a_pages_key_comes_back() {
        let key = ForecastKey { as_of: Timestamp::from_nanos(-5), symbol: Symbol::try_from("BRK.B").unwrap() };
        assert_eq!(open(&seal(&key)), Ok(key));
        assert!(open("x").is_err());
    }
}
