//! The order in which the mesh comes up: history, models, then the feed.

use std::convert::Infallible;
use std::time::Duration;

use market_svc::feed::FeedGate;
use portfolio_svc::live::Start;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{Feed, GetReplayWindowRequest};
use tickmesh_proto::model::v1::{TrainModelsMetadata, TrainModelsRequest, TrainModelsResponse};
use tickmesh_proto::r#type::v1::FeedState;
use tonic::transport::Channel;

use super::mesh::Addresses;
use super::report::Report;
use super::shortage::{Shortage, has_models};
use crate::cli::Target;
use crate::failure::Failure;
use crate::{connect, training};

/// How often the feed is asked how far it is.
const POLL: Duration = Duration::from_millis(500);

/// What it takes to bring the mesh up.
pub(super) struct Launch {
    pub(super) addresses: Addresses,
    pub(super) target: Target,
    pub(super) handles: Handles,
    /// Whether what has no champion is trained before the feed begins.
    pub(super) trains: bool,
    pub(super) readiness: Readiness,
    pub(super) report: Report,
}

/// What the parts that run here let the launch do.
#[derive(Default)]
pub(super) struct Handles {
    /// Lets the feed begin.
    pub(super) gate: Option<FeedGate>,
    /// Lets the portfolios wait no longer for signals.
    pub(super) allocations: Option<Start>,
}

/// Brings the mesh up in order: history, models, then the feed; afterwards says when the data has ended. Never returns
/// but by a failure.
pub(super) async fn launch(launch: Launch) -> Result<Infallible, Failure> {
    let Launch { addresses, target, handles, trains, readiness, report } = launch;
    report.starting(&addresses, target);
    if target != Target::All {
        // A part alone waits for nobody.
        handles.open();
        readiness.ready().await;
        report.part_ready(target);
        return std::future::pending().await;
    }
    report.importing(&readiness).await;
    let market = connect::channel(&format!("http://{}", addresses.market)).await?;
    // As earlier starts have left it: it may be far ahead by the time the mesh is ready.
    let begun = feed(&market).await?;
    let later = if trains {
        let model = connect::channel(&format!("http://{}", addresses.model)).await?;
        Trainer { model, market: market.clone(), report }.begin(&readiness, &handles, &begun).await?
    } else {
        None
    };
    handles.open();
    readiness.ready().await;
    report.ready(&addresses, &begun);
    let (never, ()) = tokio::join!(watch_the_end(&market, report), async {
        if let Some(later) = later {
            later.work().await;
        }
    });
    Ok(never)
}

impl Handles {
    fn open(&self) {
        if let Some(gate) = &self.gate {
            gate.open();
        }
    }
}

/// Trains what has no champion.
struct Trainer {
    model: Channel,
    market: Channel,
    report: Report,
}

/// A training that waits until the replay has brought enough history.
struct Later {
    trainer: Trainer,
    shortage: Shortage,
    /// How many sessions must have been played.
    due: u64,
}

impl Trainer {
    /// Trains what has no champion yet; on a second start that is nothing. Gives what must wait for more of the replay.
    ///
    /// `/readyz` and the dashboard read from a latch of its own how far it is.
    async fn begin(self, readiness: &Readiness, handles: &Handles, begun: &Feed) -> Result<Option<Later>, Failure> {
        let latch = readiness.latch("up/training");
        let trained = self.train(|TrainModelsMetadata { done, total, symbol, .. }| {
            latch.progress((*done).into(), (*total).into(), format!("fits {symbol}").trim_end());
        });
        let trained = trained.await?;
        let shortage = Shortage::after(&trained, begun, &self.market).await?;
        self.report.untrained(&trained, shortage.as_ref(), begun);
        self.report.trained(&trained);
        if let Some(start) = handles.allocations.as_ref().filter(|_| !has_models(&trained)) {
            start.settle();
        }
        Ok(self.later(shortage, begun))
    }

    async fn train(&self, watched: impl Fn(&TrainModelsMetadata)) -> Result<TrainModelsResponse, Failure> {
        let request = TrainModelsRequest { missing_only: true, ..Default::default() };
        let mut progress = self.report.progress("training", "fits");
        let result = training::run(self.model.clone(), request, |now| {
            watched(now);
            training::show(now, &mut progress);
            self.report.training(now);
        })
        .await;
        progress.end();
        result
    }

    fn later(self, shortage: Option<Shortage>, feed: &Feed) -> Option<Later> {
        let shortage = shortage.filter(Shortage::will_pass)?;
        Some(Later { trainer: self, due: u64::from(feed.sessions_done) + shortage.sessions(), shortage })
    }
}

impl Later {
    /// Trains symbol after symbol when its time has come. A failure ends no mesh that serves.
    async fn work(self) {
        let report = self.trainer.report;
        let mut next = Some(self);
        while let Some(later) = next {
            next = later.step().await.unwrap_or_else(|failure| {
                report.not_trained(&failure);
                None
            });
        }
    }

    async fn step(self) -> Result<Option<Self>, Failure> {
        let Self { trainer, shortage, due } = self;
        let feed = played(&trainer.market, due).await;
        let grown = shortage.grown(&feed, &trainer.market).await?;
        if !grown.as_ref().is_some_and(Shortage::has_passed) {
            return Ok(trainer.later(grown, &feed));
        }
        let trained = trainer.train(|_| {}).await?;
        trainer.report.trained(&trained);
        let shortage = Shortage::after(&trained, &feed, &trainer.market).await?;
        Ok(trainer.later(shortage, &feed))
    }
}

/// Waits until so many sessions have been played.
async fn played(market: &Channel, sessions: u64) -> Feed {
    loop {
        match feed(market).await {
            Ok(feed) if u64::from(feed.sessions_done) >= sessions => return feed,
            Ok(_) | Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}

async fn watch_the_end(market: &Channel, report: Report) -> Infallible {
    loop {
        match feed(market).await {
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
