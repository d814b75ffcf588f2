use tickmesh_proto::model::v1 as wire;

use super::forecast::count;
use crate::ask::{FeaturesAt, Parity};
use crate::features::{FeatureDef, FeatureSet};

pub(in crate::grpc) fn feature_list() -> wire::ListFeaturesResponse {
    let set = FeatureSet::standard();
    let feature = |definition: &FeatureDef| wire::Feature {
        name: definition.name.to_owned(),
        definition: definition.definition.to_owned(),
        window: count(definition.window),
        warm_up: count(definition.warm_up),
    };
    wire::ListFeaturesResponse {
        features: set.describe().iter().map(feature).collect(),
        feature_set: set.id().to_owned(),
    }
}

pub(in crate::grpc) fn features_at(found: &FeaturesAt) -> wire::GetFeaturesResponse {
    let set = FeatureSet::standard();
    let value = |(name, value): (&'static str, &f64)| wire::FeatureValue { name: name.to_owned(), value: Some(*value) };
    wire::GetFeaturesResponse {
        symbol: found.symbol.to_string(),
        as_of: Some(found.as_of.into()),
        values: set.names().zip(found.row.as_slice()).map(value).collect(),
        feature_set: set.id().to_owned(),
    }
}

pub(in crate::grpc) fn parity(parity: Parity) -> wire::VerifyParityResponse {
    wire::VerifyParityResponse {
        rows: parity.rows as u64,
        features: count(FeatureSet::standard().len()),
        max_abs_difference: Some(parity.difference),
        served_rows: parity.served as u64,
    }
}
