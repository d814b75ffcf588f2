//! The one place where a stored version is loaded to be used: only one that learned from the features of today can be.

use tickmesh_mesh::status::{Code, Fault};

use crate::features::FeatureSet;
use crate::store::{Alias, ModelFacts, Store, StoreError};
use crate::version::{Version, VersionName};

/// A version that forecasts can be made with.
///
/// # Errors
/// NOT_FOUND, reason MODEL_VERSION_UNKNOWN; FAILED_PRECONDITION, reason FEATURE_SET_MISMATCH, for one that learned from
/// features that are defined otherwise today: it would read wrong columns.
pub async fn usable_version(store: &dyn Store, name: &VersionName) -> Result<Version, Fault> {
    let found = store.version(name).await.map_err(Fault::internal)?;
    let version = found.ok_or_else(|| unknown_version(name))?;
    if version.facts.reads(&FeatureSet::standard()) { Ok(version) } else { Err(other_features(&version)) }
}

/// Whether a model has a champion that forecasts can be made with: one of other features is as good as none.
///
/// # Errors
/// If the store fails.
pub(crate) async fn has_usable_champion(store: &dyn Store, model: &ModelFacts) -> Result<bool, StoreError> {
    let named = model.aliases.iter().find(|(alias, _)| *alias == Alias::Champion);
    let Some((_, number)) = named.copied() else { return Ok(false) };
    let newest = store.versions(&model.symbol, number.saturating_add(1), 1).await?;
    let champion = newest.iter().find(|version| version.name.number == number);
    Ok(champion.is_some_and(|version| version.facts.reads(&FeatureSet::standard())))
}

/// The refusal of a version that does not exist.
pub(crate) fn unknown_version(name: &VersionName) -> Fault {
    Fault::new(Code::NotFound, "MODEL_VERSION_UNKNOWN", format!("there is no {name}")).resource(
        "tickmesh.model.v1.ModelVersion",
        name.to_string(),
        "no training has made it",
    )
}

fn other_features(version: &Version) -> Fault {
    let Version { name, facts, .. } = version;
    let text = format!("{name} was trained on other features and cannot be used; train {} again", name.symbol);
    Fault::new(Code::FailedPrecondition, "FEATURE_SET_MISMATCH", text)
        .meta("model_version", name.to_string())
        .meta("feature_set", &facts.feature_set)
        .meta("feature_set_in_use", FeatureSet::standard().id())
}
