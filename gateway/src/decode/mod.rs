//! JSON → [`DynamicMessage`] by the canonical proto3 mapping, naming *every* field that does not fit.
//!
//! prost-reflect's own deserializer stops at the first error and does not say where it is. A client deserves the whole
//! list, so messages, lists, maps and scalars are walked here; well-known types (times, durations, wrappers, `Any`) are
//! left to prost-reflect. Beyond the mapping, numbers that are not finite are refused: in these contracts absent is
//! absent.

mod body;
mod enumeration;
mod json;
mod map;
mod message;
mod required;
mod scalar;
mod text;
mod well_known;

pub use body::{MAX_DEPTH, body};
pub use json::json;
pub use message::message;
pub use required::name_missing;
pub use text::text;

pub(crate) use well_known::is_well_known;

/// What a value must be, in words that follow the field's name.
pub(crate) type RuleText = String;

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;
    use tickmesh_mesh::status::Violations;

    use super::*;
    use crate::testing::named;

    fn read(name: &str, json: &str) -> (String, Vec<(String, String)>) {
        let pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let mut violations = Violations::new();
        let message = body(&pool.get_message_by_name(name).unwrap(), json.as_bytes(), &mut violations).unwrap();
        (serde_json::to_string(&message).unwrap(), named(violations))
    }

    const PORTFOLIO: &str = "tickmesh.model.v1.PredictPortfolioRequest";
    const PREDICT: &str = "tickmesh.model.v1.PredictRequest";
    const OPTIMIZE: &str = "tickmesh.portfolio.v1.OptimizeRequest";

    #[test]
    fn both_spellings_of_a_field_are_read() {
        let (json, violations) =
            read(PREDICT, r#"{"symbol":"AAPL","as_of":"2021-03-12T21:00:00Z","modelVersion":"x"}"#);
        assert_eq!(violations, []);
        assert_eq!(json, r#"{"symbol":"AAPL","asOf":"2021-03-12T21:00:00Z","modelVersion":"x"}"#);
    }

    #[test]
    fn null_is_absence() {
        assert_eq!(read(PREDICT, r#"{"symbol":null,"asOf":null}"#), ("{}".to_owned(), Vec::new()));
    }

    #[test]
    fn every_field_that_does_not_fit_is_named_with_its_path() {
        let json = r#"{"holdings":[{"symbol":5,"weight":"much"},{"symbol":"A","weight":1,"quantity":2},7],"cash":1}"#;
        let (_, violations) = read(PORTFOLIO, json);
        let expected = [
            ("cash", "is unknown: PredictPortfolioRequest has holdings"),
            ("holdings[0].symbol", "must be a string, not a number"),
            ("holdings[0].weight", "must be a finite number"),
            ("holdings[1].weight", "must be the only one of weight, quantity"),
            ("holdings[2]", "must be an object, not a number"),
        ];
        let mut violations: Vec<_> = violations.iter().map(|(field, rule)| (field.as_str(), rule.as_str())).collect();
        violations.sort_unstable();
        assert_eq!(violations, expected);
    }

    #[test]
    fn a_field_is_given_once() {
        let (_, violations) = read(PREDICT, r#"{"asOf":"2021-03-12T21:00:00Z","as_of":"2021-03-12T21:00:00Z"}"#);
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].0, "as_of");
        let (_, violations) = read(PREDICT, r#"{"symbol":"AAPL","symbol":"NVDA"}"#);
        assert_eq!(violations, [("symbol".to_owned(), "must be given once".to_owned())]);
        let text =
            r#"{"currentWeights":[{"symbol":"A"},{"weight":0,"weight":1}],"asOf":null,"asOf":null,"x.y":1,"x.y":1}"#;
        let fields: Vec<_> = read(OPTIMIZE, text).1.into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields[..3], ["current_weights[1].weight", "as_of", "x.y"]);
    }

    #[test]
    fn bodies_have_full_enum_names() {
        assert_eq!(read(OPTIMIZE, r#"{"objective":"OBJECTIVE_MAX_SHARPE"}"#).1, []);
        let (_, violations) = read(OPTIMIZE, r#"{"objective":"MAX_SHARPE"}"#);
        assert!(violations[0].1.starts_with("must be one of OBJECTIVE_MIN_VOLATILITY"), "{violations:?}");
    }

    #[test]
    fn a_missing_field_joins_the_list() {
        let pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let mut violations = Violations::new();
        let message =
            body(&pool.get_message_by_name(PREDICT).unwrap(), br#"{"simbol":"AAPL"}"#, &mut violations).unwrap();
        name_missing(&message, &mut violations);
        let fields: Vec<_> = named(violations).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["simbol", "symbol"]);
    }
}
