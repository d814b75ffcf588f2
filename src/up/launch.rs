//! The order in which the mesh comes up: history, models, then the feed.

use std::convert::Infallible;
use std::time::Duration;

use market_svc::feed::FeedGate;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{Feed, GetReplayWindowRequest};
use tickmesh_proto::model::v1::{TrainModelsMetadata, TrainModelsRequest};
use tickmesh_proto::r#type::v1::FeedState;
use tonic::transport::Channel;

use super::mesh::Addresses;
use super::report::Report;
use crate::cli::Target;
use crate::failure::Failure;
use crate::{connect, training};

/// How often the feed is asked whether it has ended.
const POLL: Duration = Duration::from_millis(500);

/// What it takes to bring the mesh up.
pub(super) struct Launch {
    pub(super) addresses: Addresses,
    pub(super) target: Target,
    pub(super) gate: Option<FeedGate>,
    /// Whether what has no champion is trained before the feed begins.
    pub(super) trains: bool,
    pub(super) readiness: Readiness,
    pub(super) report: Report,
}

/// Brings the mesh up in order: history, models, then the feed; afterwards says when the data has ended. Never returns
/// but by a failure.
pub(super) async fn launch(launch: Launch) -> Result<Infallible, Failure> {
    let Launch { addresses, target, gate, trains, readiness, report } = launch;
    report.starting(&addresses, target);
    if target != Target::All {
        // A part alone waits for nobody.
        if let Some(gate) = gate {
            gate.open();
        }
        readiness.ready().await;
        report.part_ready(target);
        return std::future::pending().await;
    }
    report.importing(&readiness).await;
    if trains {
        let model = connect::channel(&format!("http://{}", addresses.model)).await?;
        train(model, &report, &readiness).await?;
    }
    if let Some(gate) = gate {
        gate.open();
    }
    readiness.ready().await;
    let market = connect::channel(&format!("http://{}", addresses.market)).await?;
    report.ready(&addresses, &feed(&market).await?);
    Ok(watch_the_end(market, &report).await)
}

/// Trains what has no champion yet; on a second start that is nothing.
///
/// `/readyz` and the dashboard read from a latch of its own how far it is.
async fn train(model: Channel, report: &Report, readiness: &Readiness) -> Result<(), Failure> {
    let latch = readiness.latch("up/training");
    let request = TrainModelsRequest { missing_only: true, ..Default::default() };
    let mut progress = report.progress("training", "fits");
    let result = training::run(model, request, |now| {
        let TrainModelsMetadata { done, total, symbol, .. } = now;
        latch.progress((*done).into(), (*total).into(), format!("fits {symbol}").trim_end());
        training::show(now, &mut progress);
        report.training(now);
    })
    .await;
    progress.end();
    report.trained(&result?);
    Ok(())
}

async fn watch_the_end(market: Channel, report: &Report) -> Infallible {
    loop {
        match feed(&market).await {
            Ok(feed) if feed.state() == FeedState::Ended => {
                report.ended(&feed);
                return std::future::pending().await;
            }
            // It goes on; and one lost question, as on a connection that reached its age, ends no mesh.
            Ok(_) | Err(_) => {}
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn feed(market: &Channel) -> Result<Feed, Failure> {
    let window = MarketServiceClient::new(market.clone()).get_replay_window(GetReplayWindowRequest {}).await?;
    window.into_inner().feed.ok_or_else(|| Failure::runtime("market-svc does not say what its feed is"))
}
