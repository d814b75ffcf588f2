use tickmesh_proto::model::v1 as wire;

use super::forecast::count;
use crate::calibration::Calibration;
use crate::evaluation::Evaluation;
use crate::family::Family;
use crate::store::{Alias, ModelFacts, VersionFacts};
use crate::version::{Facts, VersionName};

pub(in crate::grpc) fn model(facts: ModelFacts) -> wire::Model {
    let ModelFacts { symbol, create_time, versions, aliases } = facts;
    let alias = |(alias, number): (Alias, u32)| wire::Alias {
        alias: alias.name().to_owned(),
        version: VersionName { symbol: symbol.clone(), number }.to_string(),
    };
    wire::Model {
        name: format!("models/{symbol}"),
        symbol: symbol.to_string(),
        create_time: Some(create_time.into()),
        aliases: aliases.into_iter().map(alias).collect(),
        versions,
    }
}

pub(in crate::grpc) fn version(version: VersionFacts) -> wire::ModelVersion {
    let VersionFacts { name, family: kind, create_time, train_start, train_end, artefact_digest, facts, aliases } =
        version;
    let Facts {
        horizon: bars,
        rows,
        params,
        seed,
        data_digest,
        feature_set,
        calibration,
        fit: _,
        residuals: _,
        range: _,
        evaluation: figures,
    } = facts;
    wire::ModelVersion {
        name: name.to_string(),
        symbol: name.symbol.to_string(),
        family: family(kind).into(),
        horizon: count(bars),
        create_time: Some(create_time.into()),
        train_start_time: Some(train_start.into()),
        train_end_time: Some(train_end.into()),
        train_rows: rows,
        params: params.into_iter().collect(),
        seed,
        data_digest,
        feature_set,
        artefact_digest,
        evaluation: Some(evaluation(&figures, &calibration)),
        aliases: aliases.into_iter().map(|alias| alias.name().to_owned()).collect(),
    }
}

pub(super) fn evaluation(figures: &Evaluation, calibration: &Calibration) -> wire::Evaluation {
    let Calibration { drift, slope, centre: _ } = *calibration;
    wire::Evaluation {
        rows: figures.rows,
        folds: figures.folds,
        trials: figures.trials,
        mse: figures.mse,
        mse_persistence: figures.mse_persistence,
        mse_mean: figures.mse_mean,
        mse_ridge: figures.mse_ridge,
        mse_skill: figures.mse_skill,
        mse_skill_error: figures.mse_skill_error,
        hit_rate: figures.hit_rate,
        hit_rate_lower: figures.hit_rate_interval.map(|(lower, _)| lower),
        hit_rate_upper: figures.hit_rate_interval.map(|(_, upper)| upper),
        information_coefficient: figures.information_coefficient,
        information_coefficient_error: figures.information_coefficient_error,
        rank_information_coefficient: figures.rank_information_coefficient,
        coverage: figures.coverage,
        nominal_coverage: figures.nominal_coverage,
        price_r2: figures.price_r2,
        price_r2_persistence: figures.price_r2_persistence,
        calibration_slope: Some(slope),
        calibration_drift: Some(drift),
    }
}

fn family(family: Family) -> wire::ModelFamily {
    match family {
        Family::Forest => wire::ModelFamily::Forest,
        Family::Ridge => wire::ModelFamily::Ridge,
    }
}
