//! The HTTP rules of a method: `google.api.http`, and the gateway's own table for methods that need more.

use http::Method as Verb;
use prost_reflect::{DescriptorPool, Kind, MethodDescriptor};
use tickmesh_proto::google::api::http_rule::Pattern;
use tickmesh_proto::google::api::{CustomHttpPattern, HttpRule};

use super::resolve;
use crate::template::{ParseTemplateError, Template};

/// Rules that Google's file does not have: waiting, and listing the operations of one part.
const MORE_RULES: [(&str, &str, &str, &str); 2] = [
    ("google.longrunning.Operations.WaitOperation", "POST", "/v1/{name=operations/**}:wait", "*"),
    ("google.longrunning.Operations.ListOperations", "GET", "/v1/{name=operations/*}", ""),
];

/// How a request of REST becomes a request of the method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// GET, POST, …
    pub verb: Verb,
    /// The path with the fields it binds.
    pub template: Template,
    /// What the body holds.
    pub body: Body,
}

/// What the body of a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Nothing: fields that the path does not bind are query parameters.
    Nothing,
    /// Every field that the path does not bind, as a JSON object. There are no query parameters.
    Request,
}

/// Why a rule cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The path is no template.
    #[error("the path {path} {source}")]
    Template {
        /// The path as the rule has it.
        path: String,
        /// What is wrong with it.
        source: ParseTemplateError,
    },
    /// The path binds a field that the request does not have, or one that is not a singular text.
    #[error("the path binds {field}, which is no singular string of the request")]
    Field {
        /// The field's path.
        field: String,
    },
    /// A verb that HTTP does not have, or none.
    #[error("the rule has no HTTP verb")]
    Verb,
    /// A feature that no contract uses yet.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// The annotation itself cannot be read.
    #[error("the annotation cannot be read: {0}")]
    Annotation(#[from] prost_reflect::prost::DecodeError),
}

/// All rules of a method, its own one first.
pub(super) fn rules_of(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::new();
    if let Some(annotation) = annotation(pool, method)? {
        let HttpRule { additional_bindings, .. } = &annotation;
        rules.push(read(&annotation, method)?);
        for rule in additional_bindings {
            rules.push(read(rule, method)?);
        }
    }
    for (_, verb, path, body) in MORE_RULES.iter().filter(|(name, ..)| *name == method.full_name()) {
        let kind = (*verb).to_owned();
        let pattern = Pattern::Custom(CustomHttpPattern { kind, path: (*path).to_owned() });
        rules
            .push(read(&HttpRule { pattern: Some(pattern), body: (*body).to_owned(), ..HttpRule::default() }, method)?);
    }
    Ok(rules)
}

fn annotation(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<Option<HttpRule>, RuleError> {
    let Some(extension) = pool.get_extension_by_name("google.api.http") else { return Ok(None) };
    let options = method.options();
    if !options.has_extension(&extension) {
        return Ok(None);
    }
    match options.get_extension(&extension).as_message() {
        Some(rule) => Ok(Some(rule.transcode_to()?)),
        None => Ok(None),
    }
}

fn read(rule: &HttpRule, method: &MethodDescriptor) -> Result<Rule, RuleError> {
    let HttpRule { selector: _, body, response_body, additional_bindings: _, pattern } = rule;
    if !response_body.is_empty() {
        return Err(RuleError::Unsupported("response_body"));
    }
    let body = match body.as_str() {
        "" => Body::Nothing,
        "*" => Body::Request,
        _ => return Err(RuleError::Unsupported("a body that is one field")),
    };
    let (verb, path) = verb_and_path(pattern.as_ref().ok_or(RuleError::Verb)?)?;
    let template = path.parse().map_err(|source| RuleError::Template { path: path.to_owned(), source })?;
    check_fields(&template, method)?;
    Ok(Rule { verb, template, body })
}

fn verb_and_path(pattern: &Pattern) -> Result<(Verb, &str), RuleError> {
    Ok(match pattern {
        Pattern::Get(path) => (Verb::GET, path),
        Pattern::Put(path) => (Verb::PUT, path),
        Pattern::Post(path) => (Verb::POST, path),
        Pattern::Delete(path) => (Verb::DELETE, path),
        Pattern::Patch(path) => (Verb::PATCH, path),
        Pattern::Custom(CustomHttpPattern { kind, path }) => {
            (Verb::from_bytes(kind.as_bytes()).map_err(|_| RuleError::Verb)?, path)
        }
    })
}

/// Text from a path becomes a field's value as it is, so it may only go to a string.
fn check_fields(template: &Template, method: &MethodDescriptor) -> Result<(), RuleError> {
    for names in template.fields() {
        let field = resolve(&method.input(), names).and_then(|path| path.last().cloned());
        if !field.is_some_and(|field| field.kind() == Kind::String && !field.is_list()) {
            return Err(RuleError::Field { field: names.join(".") });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(service: &str, name: &str) -> (DescriptorPool, MethodDescriptor) {
        let pool = DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        let service = pool.get_service_by_name(service).unwrap();
        let method = service.methods().find(|method| method.name() == name).unwrap();
        (pool, method)
    }

    #[test]
    fn additional_bindings_lead_to_the_same_method() {
        let (pool, predict) = method("tickmesh.model.v1.ForecastService", "Predict");
        let rules = rules_of(&pool, &predict).unwrap();
        let paths: Vec<_> = rules.iter().map(|rule| (rule.verb.as_str(), rule.template.open_api().path)).collect();
        assert_eq!(paths, [("POST", "/v1/forecasts:predict".to_owned()), ("POST", "/predict".to_owned())]);
        assert!(rules.iter().all(|rule| rule.body == Body::Request));
    }

    #[test]
    fn waiting_has_a_rule_of_the_gateway() {
        let (pool, wait) = method("google.longrunning.Operations", "WaitOperation");
        let rules = rules_of(&pool, &wait).unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!((rules[0].verb.as_str(), rules[0].body), ("POST", Body::Request));
    }

    #[test]
    fn a_rule_that_cannot_be_followed_is_refused() {
        let (_, predict) = method("tickmesh.model.v1.ForecastService", "Predict");
        let get = |path: &str| HttpRule { pattern: Some(Pattern::Get(path.to_owned())), ..HttpRule::default() };
        assert!(matches!(read(&get("/v1/{nothing}"), &predict), Err(RuleError::Field { .. })));
        assert!(matches!(read(&get("/v1/{explain}"), &predict), Err(RuleError::Field { .. })));
        assert!(matches!(read(&get("v1"), &predict), Err(RuleError::Template { .. })));
        assert!(matches!(read(&HttpRule::default(), &predict), Err(RuleError::Verb)));
        let one_field = HttpRule { body: "symbol".to_owned(), ..get("/v1") };
        assert!(matches!(read(&one_field, &predict), Err(RuleError::Unsupported(_))));
    }
}
