//! Matching a request's raw path.

use super::{Binding, Segment, Template, Variable};
use crate::percent::{Keep, decode};

/// Why a path that has a template's shape cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text for a field is not percent-encoded UTF-8.
    #[error("must be percent-encoded UTF-8")]
    Encoding {
        /// The field's path, joined by dots.
        field: String,
    },
}

impl Template {
    /// Matches a raw path (percent-encoded, with its leading slash, without query). `None` when it has another shape.
    ///
    /// # Errors
    /// When the shape fits and a variable's text cannot be decoded.
    pub fn matches(&self, path: &str) -> Option<Result<Vec<Binding<'_>>, PathError>> {
        let path = path.strip_prefix('/')?;
        let path = match &self.verb {
            Some(verb) => path.strip_suffix(verb.as_str())?.strip_suffix(':')?,
            None => path,
        };
        if !self.has_shape_of(path) {
            return None;
        }
        let segments: Vec<&str> = path.split('/').collect();
        Some(self.variables.iter().map(|variable| bind(self, variable, &segments)).collect())
    }

    /// Decided segment by segment and without allocating, because most templates differ from a path early on.
    fn has_shape_of(&self, path: &str) -> bool {
        let mut actual = path.split('/');
        let all_fit = self.segments.iter().all(|expected| actual.next().is_some_and(|raw| expected.accepts(raw)));
        all_fit && (self.segments.last() == Some(&Segment::Rest) || actual.next().is_none())
    }
}

impl Segment {
    fn accepts(&self, raw: &str) -> bool {
        match self {
            Self::Literal(literal) if raw.contains('%') => {
                decode(raw, Keep::Nothing).is_some_and(|text| text == *literal)
            }
            Self::Literal(literal) => raw == literal,
            Self::One | Self::Rest => !raw.is_empty(),
        }
    }
}

fn bind<'t>(template: &Template, variable: &'t Variable, segments: &[&str]) -> Result<Binding<'t>, PathError> {
    let to_the_end = template.segments[variable.end - 1] == Segment::Rest;
    let end = if to_the_end { segments.len() } else { variable.end };
    let keep = if end - variable.start > 1 || to_the_end { Keep::Slash } else { Keep::Nothing };
    let value = decode(&segments[variable.start..end].join("/"), keep)
        .ok_or_else(|| PathError::Encoding { field: variable.field.join(".") })?;
    Ok(Binding { field: &variable.field, value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(template: &str, path: &str) -> Option<String> {
        let template: Template = template.parse().unwrap();
        let bindings = template.matches(path)?.unwrap();
        Some(bindings[0].value.clone())
    }

    #[test]
    fn one_segment() {
        assert_eq!(value("/v1/instruments/{symbol}", "/v1/instruments/AAPL").as_deref(), Some("AAPL"));
        assert_eq!(value("/v1/instruments/{symbol}", "/v1/instruments/AAPL:XNAS").as_deref(), Some("AAPL:XNAS"));
        assert_eq!(value("/v1/instruments/{symbol}", "/v1/instruments/BTC%2FUSD").as_deref(), Some("BTC/USD"));
        assert_eq!(value("/v1/instruments/{symbol}", "/v1/instruments/"), None);
        assert_eq!(value("/v1/instruments/{symbol}", "/v1/instruments/A/B"), None);
        assert_eq!(value("/v1/instruments/{symbol}", "/v1/instruments"), None);
    }

    #[test]
    fn several_segments() {
        let template = "/v1/{name=models/*/versions/*}";
        assert_eq!(value(template, "/v1/models/a/versions/3").as_deref(), Some("models/a/versions/3"));
        assert_eq!(value(template, "/v1/models/a%2Fb/versions/3").as_deref(), Some("models/a%2Fb/versions/3"));
        assert_eq!(value(template, "/v1/models/a/version/3"), None);
        assert_eq!(value("/v1/{name=operations/**}", "/v1/operations/model/7").as_deref(), Some("operations/model/7"));
        assert_eq!(value("/v1/{name=operations/**}", "/v1/operations"), None);
    }

    #[test]
    fn verbs() {
        let template = "/v1/features/{symbol}:verifyParity";
        assert_eq!(value(template, "/v1/features/AAPL:verifyParity").as_deref(), Some("AAPL"));
        assert_eq!(value(template, "/v1/features/AAPL:XNAS:verifyParity").as_deref(), Some("AAPL:XNAS"));
        assert_eq!(value(template, "/v1/features/AAPL"), None);
        assert_eq!(value(template, "/v1/features/:verifyParity"), None);
    }

    #[test]
    fn a_broken_encoding_names_its_field() {
        let template: Template = "/v1/instruments/{symbol}".parse().unwrap();
        let expected = PathError::Encoding { field: "symbol".to_owned() };
        for path in ["/v1/instruments/%", "/v1/instruments/%4", "/v1/instruments/%zz", "/v1/instruments/%ff"] {
            assert_eq!(template.matches(path), Some(Err(expected.clone())), "{path}");
        }
    }

    fn encode(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }

    proptest! {
        /// Whatever stands in one segment comes out of it again.
        #[test]
        fn a_segment_survives_its_encoding(text in "\\PC{1,24}") {
            let path = format!("/v1/instruments/{}", encode(&text));
            prop_assert_eq!(value("/v1/instruments/{symbol}", &path), Some(text));
        }

        /// No path makes the matcher panic, and a match gives back every segment it took.
        #[test]
        fn any_path_is_matched_or_not(path in "(/|[a-z%:]{0,4}|%2F){0,12}") {
            let template: Template = "/v1/{name=operations/**}:wait".parse().unwrap();
            if let Some(Ok(bindings)) = template.matches(&path) {
                prop_assert!(bindings[0].value.starts_with("operations/"));
            }
        }
    }
}
