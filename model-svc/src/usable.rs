//! The one place where a stored version is loaded to be used: only one that learned from the features of today can be.

use std::collections::BTreeMap;
use std::sync::Arc;

use tickmesh_mesh::status::{Code, Fault};

use crate::features::FeatureSet;
use crate::live::Install;
use crate::store::{Alias, ModelFacts, ReignRecord, Store, StoreError};
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

/// Who served, and who would if features were defined as they once were.
#[derive(Debug, Default)]
pub(crate) struct Champions {
    /// All champions that ever served and can be used, with when they did.
    pub(crate) installs: Vec<Install>,
    /// Champions of now that cannot be used. One of the past has made way already, so that nobody misses it.
    pub(crate) unusable: Vec<VersionName>,
}

/// All champions, of now and of the past.
///
/// # Errors
/// If the store fails.
pub(crate) async fn champions(store: &dyn Store) -> Result<Champions, StoreError> {
    let (mut installs, mut unusable) = (Vec::new(), BTreeMap::new());
    for ReignRecord { symbol, reign } in store.reigns().await? {
        let name = VersionName { symbol: symbol.clone(), number: reign.version };
        let Some(version) = store.version(&name).await? else {
            return Err(StoreError::damaged("serving history", format!("{name} is missing")));
        };
        if version.facts.reads(&FeatureSet::standard()) {
            unusable.remove(&symbol);
            installs.push(Install { version: Arc::new(version), reign });
        } else {
            unusable.insert(symbol, name);
        }
    }
    Ok(Champions { installs, unusable: unusable.into_values().collect() })
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

#[cfg(test)]
mod tests {
    use tickmesh_proto::types::Timestamp;

    use super::*;
    use crate::store::{NewVersion, in_memory};
    use crate::testing;

    #[tokio::test]
    async fn a_champion_of_other_features_is_named_until_another_takes_its_place() {
        let store = in_memory().await;
        let (_, mut trained) = testing::trained();
        let usable = trained[0].clone();
        trained[0].facts.feature_set = "of long ago".to_owned();
        let new =
            |trained| NewVersion { trained, owner: "me".into(), time: Timestamp::MIN, newest_bar: Timestamp::MIN };
        for one in trained {
            store.add_version(new(one)).await.unwrap();
        }
        let found = champions(&store).await.unwrap();
        let old = VersionName { symbol: testing::symbol("S0"), number: 1 };
        assert_eq!((found.installs.len(), found.unusable), (1, vec![old]));
        store.add_version(new(usable)).await.unwrap();
        let found = champions(&store).await.unwrap();
        assert_eq!((found.installs.len(), found.unusable), (2, Vec::new()), "the second version serves");
    }
}
