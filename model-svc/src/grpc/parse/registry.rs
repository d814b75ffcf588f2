use tickmesh_mesh::status::{Fault, Violations};
use tickmesh_proto::model::v1 as wire;
use tickmesh_proto::types::{Symbol, Timestamp};

use super::names::{ModelRef, alias, version};
use super::request_key;
use crate::grpc::page::PageRequest;
use crate::pipeline::Promotion;

pub(in crate::grpc) fn models(request: wire::ListModelsRequest) -> Result<(Option<Symbol>, PageRequest), Fault> {
    let wire::ListModelsRequest { page_size, page_token } = request;
    let mut violations = Violations::new();
    let page = PageRequest::parse(page_size, &page_token, &wire::ListModelsRequest::default(), &mut violations);
    let after = page.after.as_deref().and_then(|key| violations.take("page_token", Symbol::try_from(key)));
    violations.finish((after, page))
}

/// The model, the number below which versions are wanted, and the page.
pub(in crate::grpc) fn model_versions(
    request: wire::ListModelVersionsRequest,
) -> Result<(ModelRef, u32, PageRequest), Fault> {
    let rest = wire::ListModelVersionsRequest { parent: request.parent.clone(), ..Default::default() };
    let wire::ListModelVersionsRequest { parent, page_size, page_token } = request;
    let mut violations = Violations::new();
    let model = violations.take("parent", ModelRef::try_from(parent.as_str()));
    let page = PageRequest::parse(page_size, &page_token, &rest, &mut violations);
    let before = page.after.as_deref().and_then(|key| violations.take("page_token", key.parse::<u32>()));
    violations.finish_some(model.map(|model| (model, before.unwrap_or(u32::MAX), page)))
}

pub(in crate::grpc) fn alias_change(
    request: wire::SetAliasRequest,
    owner: String,
    time: Timestamp,
) -> Result<Promotion, Fault> {
    let rest = wire::SetAliasRequest { request_id: String::new(), ..request.clone() };
    let wire::SetAliasRequest { name, alias: alias_name, version: target, request_id: id } = request;
    let mut violations = Violations::new();
    let model = violations.take("name", ModelRef::try_from(name.as_str()));
    let alias = violations.take("alias", alias(&alias_name));
    let version = violations.take("version", version(&target));
    if let (Some(ModelRef(symbol)), Some(version)) = (&model, &version)
        && version.symbol != *symbol
    {
        violations.add("version", "must be a version of the same model");
    }
    let request = request_key("RegistryService.SetAlias", &id, &rest, &mut violations);
    let promotion = alias.zip(version).map(|(alias, version)| Promotion { alias, version, owner, time, request });
    violations.finish_some(promotion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_another_model_is_refused() {
        let change = |version: &str, alias: &str| wire::SetAliasRequest {
            name: "models/AAPL".into(),
            alias: alias.into(),
            version: version.into(),
            request_id: String::new(),
        };
        let fields = |request| {
            let fault = alias_change(request, "me".into(), Timestamp::MIN).unwrap_err();
            fault.violations().iter().map(|(field, _)| field.clone()).collect::<Vec<_>>()
        };
        assert_eq!(fields(change("models/NVDA/versions/1", "best")), ["alias", "version"]);
        let promotion =
            alias_change(change("models/AAPL/versions/2", "champion"), "me".into(), Timestamp::MIN).unwrap();
        assert_eq!((promotion.version.number, promotion.request), (2, None));
    }
}
