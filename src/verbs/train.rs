//! `tickmesh train`: new versions, with their walk-forward figures.

use tickmesh_proto::model::v1::{ModelFamily, ModelVersion, TrainModelsRequest};

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
    if let Some(advice) = advice(&global.server, &result.versions) {
        output::line(advice);
    }
    Ok(())
}

/// What makes a new version serve where another one does.
fn advice(server: &str, versions: &[ModelVersion]) -> Option<String> {
    let mut challengers = versions.iter().filter(|version| version.aliases.iter().any(|alias| alias == "challenger"));
    let ModelVersion { name, symbol, .. } = challengers.next()?;
    let more = match challengers.count() {
        0 => String::new(),
        more => format!(" ({more} more likewise)"),
    };
    let body = format!(r#"{{"alias":"champion","version":"{name}"}}"#);
    Some(format!(
        "{name} is a challenger: the champion goes on serving{more}. To make it serve from the next bar on:\n  \
         curl -X POST {server}/v1/models/{symbol}:setAlias -d '{body}'"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenger_comes_with_what_makes_it_serve() {
        let version = |symbol: &str, alias: &str| ModelVersion {
            name: format!("models/{symbol}/versions/2"),
            symbol: symbol.into(),
            aliases: vec![alias.into()],
            ..Default::default()
        };
        let server = "http://127.0.0.1:8080";
        assert_eq!(advice(server, &[version("AAPL", "champion")]), None);
        let versions = [version("AAPL", "champion"), version("NVDA", "challenger"), version("META", "challenger")];
        let told = advice(server, &versions).unwrap();
        assert!(told.starts_with("models/NVDA/versions/2 is a challenger") && told.contains("(1 more likewise)"));
        assert!(told.contains("/v1/models/NVDA:setAlias") && told.ends_with(r#""models/NVDA/versions/2"}'"#), "{told}");
    }
}
