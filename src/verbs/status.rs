//! `tickmesh status`: the feed, the models and the live score.

use serde_json::json;
use tickmesh_proto::market::v1::GetReplayWindowRequest;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::model::v1::monitoring_service_client::MonitoringServiceClient;
use tickmesh_proto::model::v1::{GetLiveScoreRequest, GetLiveScoreResponse, LiveScore};

use crate::cli::Global;
use crate::failure::Failure;
use crate::{connect, output};

/// Prints what the mesh is doing and how its forecasts turn out.
pub async fn run(global: &Global) -> Result<(), Failure> {
    let channel = connect::channel(&global.server).await?;
    let window =
        MarketServiceClient::new(channel.clone()).get_replay_window(GetReplayWindowRequest {}).await?.into_inner();
    let score =
        MonitoringServiceClient::new(channel).get_live_score(GetLiveScoreRequest::default()).await?.into_inner();
    if global.json {
        let parse = |text: String| serde_json::from_str::<serde_json::Value>(&text).map_err(Failure::runtime);
        let window = parse(output::json(&window, "tickmesh.market.v1.GetReplayWindowResponse")?)?;
        let score = parse(output::json(&score, "tickmesh.model.v1.GetLiveScoreResponse")?)?;
        output::line(json!({ "window": window, "score": score }).to_string());
        return Ok(());
    }
    let feed = window.feed.unwrap_or_default();
    output::line(format!(
        "{} {} {}, session {} of {} {}",
        output::short(feed.kind().as_str_name(), "KIND_"),
        output::date(feed.market_time.as_ref()),
        output::short(feed.state().as_str_name(), "FEED_STATE_"),
        feed.sessions_done,
        feed.sessions_total,
        feed.note,
    ));
    output::line(describe(&score));
    Ok(())
}

fn describe(score: &GetLiveScoreResponse) -> String {
    let head =
        ["symbol", "version", "n", "MSE ÷ persistence", "±", "hit rate", "IC", "coverage", "nominal", "buy/sell/hold"];
    output::table(&head, 2, score.scores.iter().chain(&score.total).map(row))
}

fn row(score: &LiveScore) -> Vec<String> {
    let ratio = score.mse.zip(score.mse_persistence).filter(|(_, p)| *p > 0.0).map(|(mse, p)| mse / p);
    let share = |value: Option<f64>| output::number(value.map(|v| 100.0 * v), 0);
    vec![
        if score.symbol.is_empty() { "all".into() } else { score.symbol.clone() },
        score.model_version.rsplit('/').next().unwrap_or_default().to_owned(),
        score.forecasts.to_string(),
        output::number(ratio, 4),
        output::number(score.mse_ratio_error, 4),
        output::number(score.hit_rate, 3),
        output::number(score.information_coefficient, 3),
        output::number(score.coverage, 3),
        format!("{:.2}", score.nominal_coverage),
        format!("{}/{}/{} %", share(score.buy_share), share(score.sell_share), share(score.hold_share)),
    ]
}
