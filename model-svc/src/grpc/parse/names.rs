use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::types::Symbol;

use crate::store::Alias;
use crate::version::VersionName;

/// `models/{symbol}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grpc) struct ModelRef(pub(in crate::grpc) Symbol);

/// `models/{symbol}/versions/{version}`, where the version may be an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grpc) enum VersionRef {
    /// By its number.
    Number(VersionName),
    /// By an alias.
    Alias(Symbol, Alias),
}

const MODEL_RULE: &str = "must be models/{symbol}, for example models/AAPL";
const VERSION_RULE: &str = "must be models/{symbol}/versions/{version}, for example models/AAPL/versions/1";
const OPERATION_RULE: &str = "must be operations/model/{id}";

impl TryFrom<&str> for ModelRef {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let symbol = text.strip_prefix("models/").ok_or(MODEL_RULE)?;
        Symbol::try_from(symbol).map(Self).map_err(|_| MODEL_RULE)
    }
}

impl TryFrom<&str> for VersionRef {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let (model, version) = text.split_once("/versions/").ok_or(VERSION_RULE)?;
        let ModelRef(symbol) = ModelRef::try_from(model).map_err(|_| VERSION_RULE)?;
        match (version.parse(), Alias::by_name(version)) {
            (Ok(number), _) if number > 0 => Ok(Self::Number(VersionName { symbol, number })),
            (_, Some(alias)) => Ok(Self::Alias(symbol, alias)),
            _ => Err(VERSION_RULE),
        }
    }
}

/// A version by its number, in a field.
pub(in crate::grpc) fn version(text: &str) -> Result<VersionName, &'static str> {
    match VersionRef::try_from(text)? {
        VersionRef::Number(name) => Ok(name),
        VersionRef::Alias(..) => Err("must name a version by its number, not by an alias"),
    }
}

/// A model's name in the field `field`.
pub(in crate::grpc) fn model(field: &str, text: &str) -> Result<ModelRef, Fault> {
    let mut violations = Violations::new();
    let model = violations.take(field, ModelRef::try_from(text));
    violations.finish_some(model)
}

/// A version's name, or an alias's, in the field `name`.
pub(in crate::grpc) fn version_ref(text: &str) -> Result<VersionRef, Fault> {
    let mut violations = Violations::new();
    let version = violations.take("name", VersionRef::try_from(text));
    violations.finish_some(version)
}

/// An alias by its name.
pub(in crate::grpc) fn alias(text: &str) -> Result<Alias, &'static str> {
    Alias::by_name(text).ok_or("must be champion or challenger")
}

/// The id in an operation's name.
pub(in crate::grpc) fn operation_id(text: &str) -> Result<String, Fault> {
    let id = text.strip_prefix("operations/model/").filter(|id| !id.is_empty() && !id.contains('/'));
    let mut violations = Violations::new();
    let id = violations.take("name", id.map(str::to_owned).ok_or(OPERATION_RULE));
    violations.finish_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        let symbol = Symbol::try_from("VOD:XLON").unwrap();
        let name = VersionName { symbol: symbol.clone(), number: 12 };
        assert_eq!(VersionRef::try_from(name.to_string().as_str()), Ok(VersionRef::Number(name)));
        assert_eq!(
            VersionRef::try_from("models/VOD:XLON/versions/champion"),
            Ok(VersionRef::Alias(symbol, Alias::Champion))
        );
        assert_eq!(operation_id("operations/model/ab").unwrap(), "ab");
    }

    #[test]
    fn others_are_refused_by_the_rule() {
        for text in ["", "models/aapl/versions/1", "models/AAPL/versions/0", "models/AAPL/versions/", "models/AAPL"] {
            assert_eq!(VersionRef::try_from(text), Err(VERSION_RULE), "{text}");
        }
        assert_eq!(ModelRef::try_from("AAPL"), Err(MODEL_RULE));
        assert!(version("models/AAPL/versions/champion").is_err());
        assert!(operation_id("operations/portfolio/ab").is_err() && operation_id("operations/model/a/b").is_err());
    }
}
