//! `tickmesh train`: new versions, with their walk-forward figures.

use tickmesh_proto::model::v1::{ModelFamily, TrainModelsRequest};

use crate::cli::{Family, Global, TrainArgs};
use crate::failure::Failure;
use crate::{connect, output, training};

/// Trains one version for each symbol and prints its figures.
pub async fn run(global: &Global, args: TrainArgs) -> Result<(), Failure> {
    let family = match args.family {
        Family::Forest => ModelFamily::Forest,
        Family::Ridge => ModelFamily::Ridge,
    };
    let request = TrainModelsRequest {
        symbols: args.symbols,
        family: family.into(),
        folds: args.folds,
        seed: Some(args.seed),
        ..Default::default()
    };
    let result = training::shown(connect::channel(&global.server).await?, request, global.json).await?;
    if global.json {
        output::line(output::json(&result, "tickmesh.model.v1.TrainModelsResponse")?);
        return Ok(());
    }
    output::line(training::figures(&result.versions));
    for skipped in &result.skipped {
        output::line(format!("{} was not trained: {}", skipped.symbol, skipped.message));
    }
    Ok(())
}
