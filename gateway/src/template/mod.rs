//! Path templates of `google.api.http`: `/v1/{name=models/*/versions/*}:evaluate`.
//!
//! ```text
//! Template = "/" Segments [ ":" Verb ]
//! Segments = Segment { "/" Segment }
//! Segment  = "*" | "**" | literal | "{" FieldPath [ "=" Segments ] "}"
//! ```
//!
//! A template is parsed once, when the gateway is built, and matched against the raw path of each request. `*` takes
//! one non-empty segment, `**` the rest of the path, so it may only stand last.

mod matching;
mod parse;

use std::cmp::Ordering;

pub use matching::PathError;
pub use parse::ParseTemplateError;

/// A parsed path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
    verb: Option<String>,
    variables: Vec<Variable>,
}

/// One place between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `*`: exactly one segment.
    One,
    /// `**`: this and all further segments, one at least.
    Rest,
}

/// A field that takes the text of some segments.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    /// The field's path in proto names, for example `["name"]`.
    field: Vec<String>,
    /// The first segment it takes.
    start: usize,
    /// One past the last segment it takes.
    end: usize,
}

/// What a template's variable took from a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding<'t> {
    /// The field's path in proto names.
    pub field: &'t [String],
    /// The decoded text.
    pub value: String,
}

impl Template {
    /// The field paths that the path binds, in order.
    pub fn fields(&self) -> impl Iterator<Item = &[String]> {
        self.variables.iter().map(|variable| variable.field.as_slice())
    }

    /// Whether it ends with a verb of its own, as in `:evaluate`.
    pub fn has_verb(&self) -> bool {
        self.verb.is_some()
    }

    /// The template as OpenAPI writes paths: each variable that takes one segment as `{field}`, each that takes several
    /// with its literals spelled out and a place for each wildcard, for example
    /// `/v1/models/{name_1}/versions/{name_2}`.
    pub fn open_api(&self) -> OpenApiPath {
        let mut path = String::new();
        let mut parameters = Vec::new();
        for (index, segment) in self.segments.iter().enumerate() {
            path.push('/');
            match segment {
                Segment::Literal(literal) => path.push_str(literal),
                Segment::One | Segment::Rest => {
                    let parameter = self.parameter(index);
                    path.push('{');
                    path.push_str(&parameter.name);
                    path.push('}');
                    parameters.push(parameter);
                }
            }
        }
        if let Some(verb) = &self.verb {
            path.push(':');
            path.push_str(verb);
        }
        OpenApiPath { path, parameters }
    }

    /// The parameter for the wildcard at `index`: the field's own name, or numbered where the field has several.
    fn parameter(&self, index: usize) -> PathParameter {
        let Some(variable) = self.variables.iter().find(|v| (v.start..v.end).contains(&index)) else {
            return PathParameter { name: format!("segment_{}", index + 1), field: Vec::new(), whole: false };
        };
        let wildcards = |range: std::ops::Range<usize>| {
            self.segments[range].iter().filter(|s| !matches!(s, Segment::Literal(_))).count()
        };
        let field = variable.field.join(".");
        let several = wildcards(variable.start..variable.end) > 1;
        let name = if several { format!("{field}_{}", wildcards(variable.start..index + 1)) } else { field };
        PathParameter { name, field: variable.field.clone(), whole: variable.end - variable.start == 1 }
    }

    /// Orders templates from the more to the less specific: the first that matches a path is the one that is meant.
    pub fn by_specificity(&self, other: &Self) -> Ordering {
        let ranks = |t: &Self| t.segments.iter().map(Segment::rank).collect::<Vec<_>>();
        (self.verb.is_none(), ranks(self)).cmp(&(other.verb.is_none(), ranks(other)))
    }
}

impl Segment {
    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::One => 1,
            Self::Rest => 2,
        }
    }
}

/// A template in OpenAPI's notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenApiPath {
    /// The path, for example `/v1/instruments/{symbol}`.
    pub path: String,
    /// Its parameters in order.
    pub parameters: Vec<PathParameter>,
}

/// A parameter of an [`OpenApiPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathParameter {
    /// Its name in the path.
    pub name: String,
    /// The path of the field it belongs to, in proto names; empty for a wildcard outside any variable.
    pub field: Vec<String>,
    /// Whether it is the field's whole value and not a part of it.
    pub whole: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_api_paths_name_each_wildcard() {
        let template: Template = "/v1/{name=models/*/versions/*}:evaluate".parse().unwrap();
        let open_api = template.open_api();
        assert_eq!(open_api.path, "/v1/models/{name_1}/versions/{name_2}:evaluate");
        assert_eq!(open_api.parameters.iter().map(|p| p.whole).collect::<Vec<_>>(), [false, false]);

        let template: Template = "/v1/market/{symbol}/bars".parse().unwrap();
        assert_eq!(template.open_api().path, "/v1/market/{symbol}/bars");
        assert!(template.open_api().parameters[0].whole);
    }

    #[test]
    fn specific_templates_come_first() {
        let mut templates: Vec<Template> = [
            "/v1/{name=operations/**}",
            "/v1/{name=operations/*}",
            "/v1/operations/model",
            "/v1/{name=operations/**}:wait",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        templates.sort_by(Template::by_specificity);
        let order: Vec<_> = templates.iter().map(|t| t.open_api().path).collect();
        assert_eq!(
            order,
            ["/v1/operations/{name}:wait", "/v1/operations/model", "/v1/operations/{name}", "/v1/operations/{name}"]
        );
        assert_eq!(templates[2], "/v1/{name=operations/*}".parse().unwrap());
    }
}
