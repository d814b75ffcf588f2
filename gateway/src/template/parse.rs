//! Text → [`Template`].

use std::str::FromStr;

use super::{Segment, Template, Variable};

/// Why a text is not a path template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTemplateError {
    /// A template begins with a slash.
    #[error("must begin with '/'")]
    NoSlash,
    /// Two slashes with nothing between them.
    #[error("has an empty segment")]
    EmptySegment,
    /// `{` without `}`, or the other way round.
    #[error("has an unbalanced brace")]
    Brace,
    /// A variable that names no field.
    #[error("has a variable without a field path")]
    NoField,
    /// `**` with something after it.
    #[error("has a segment after '**'")]
    AfterRest,
    /// A character that the notation reserves.
    #[error("has the reserved character '{0}' in a literal")]
    Reserved(char),
    /// A colon with nothing after it.
    #[error("has an empty verb")]
    EmptyVerb,
}

impl FromStr for Template {
    type Err = ParseTemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, verb) = split_verb(text.strip_prefix('/').ok_or(ParseTemplateError::NoSlash)?)?;
        let mut template = Self { segments: Vec::new(), verb: verb.map(str::to_owned), variables: Vec::new() };
        let mut rest = path;
        loop {
            rest = template.push(rest)?;
            match rest.strip_prefix('/') {
                Some(next) => rest = next,
                None if rest.is_empty() => break,
                None => return Err(ParseTemplateError::Brace),
            }
        }
        template.rest_is_last()?;
        Ok(template)
    }
}

/// Splits `a/{b=c}:verb` at the colon after the last brace and the last slash.
fn split_verb(text: &str) -> Result<(&str, Option<&str>), ParseTemplateError> {
    let tail = text.rfind(['}', '/']).map_or(0, |at| at + 1);
    let Some(colon) = text[tail..].find(':') else { return Ok((text, None)) };
    let (path, verb) = text.split_at(tail + colon);
    match &verb[1..] {
        "" => Err(ParseTemplateError::EmptyVerb),
        verb => Ok((path, Some(verb))),
    }
}

impl Template {
    /// Takes one segment or variable off the front of `text` and returns what is left.
    fn push<'a>(&mut self, text: &'a str) -> Result<&'a str, ParseTemplateError> {
        if let Some(inside) = text.strip_prefix('{') {
            let (variable, rest) = inside.split_once('}').ok_or(ParseTemplateError::Brace)?;
            self.push_variable(variable)?;
            return Ok(rest);
        }
        let end = text.find('/').unwrap_or(text.len());
        self.push_segment(&text[..end])?;
        Ok(&text[end..])
    }

    fn push_variable(&mut self, text: &str) -> Result<(), ParseTemplateError> {
        let (field, segments) = text.split_once('=').unwrap_or((text, "*"));
        let field: Vec<String> = field.split('.').map(str::to_owned).collect();
        if field.iter().any(String::is_empty) {
            return Err(ParseTemplateError::NoField);
        }
        let start = self.segments.len();
        for segment in segments.split('/') {
            self.push_segment(segment)?;
        }
        self.variables.push(Variable { field, start, end: self.segments.len() });
        Ok(())
    }

    fn push_segment(&mut self, text: &str) -> Result<(), ParseTemplateError> {
        self.segments.push(match text {
            "" => return Err(ParseTemplateError::EmptySegment),
            "*" => Segment::One,
            "**" => Segment::Rest,
            literal => match literal.find(['{', '}', '*', ':', '=']) {
                Some(at) => return Err(reserved(&literal[at..])),
                None => Segment::Literal(literal.to_owned()),
            },
        });
        Ok(())
    }

    fn rest_is_last(&self) -> Result<(), ParseTemplateError> {
        let at = self.segments.iter().position(|segment| *segment == Segment::Rest);
        match at {
            Some(at) if at + 1 != self.segments.len() => Err(ParseTemplateError::AfterRest),
            _ => Ok(()),
        }
    }
}

fn reserved(text: &str) -> ParseTemplateError {
    match text.chars().next() {
        Some('{' | '}') | None => ParseTemplateError::Brace,
        Some(other) => ParseTemplateError::Reserved(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_the_notation_does_not_have() {
        let error = |text: &str| text.parse::<Template>().unwrap_err();
        assert_eq!(error("v1/a"), ParseTemplateError::NoSlash);
        assert_eq!(error("/v1//a"), ParseTemplateError::EmptySegment);
        assert_eq!(error("/v1/{name"), ParseTemplateError::Brace);
        assert_eq!(error("/v1/{name}x"), ParseTemplateError::Brace);
        assert_eq!(error("/v1/a}"), ParseTemplateError::Brace);
        assert_eq!(error("/v1/{=a}"), ParseTemplateError::NoField);
        assert_eq!(error("/v1/{a..b}"), ParseTemplateError::NoField);
        assert_eq!(error("/v1/**/a"), ParseTemplateError::AfterRest);
        assert_eq!(error("/v1/a*"), ParseTemplateError::Reserved('*'));
        assert_eq!(error("/v1/a:"), ParseTemplateError::EmptyVerb);
    }

    #[test]
    fn a_variable_alone_takes_one_segment() {
        let short: Template = "/v1/{symbol}".parse().unwrap();
        let long: Template = "/v1/{symbol=*}".parse().unwrap();
        assert_eq!(short, long);
    }
}
