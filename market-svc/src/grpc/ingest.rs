use std::sync::Arc;

use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::market::v1::{Bar as WireBar, ImportBarsRequest, ImportBarsResponse, RejectedBar};
use tickmesh_proto::server::market::v1::ingest_service_server::IngestService;
use tickmesh_proto::types::Timestamp;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, Streaming};

use super::market::{loaded, status};
use super::parse;
use crate::bar::Bar;
use crate::market::{Imported, Market};

/// Refused bars that an answer lists.
const LISTED: usize = 1000;

/// IngestService over the market.
pub(crate) struct Ingest {
    market: Arc<Market>,
    /// Reads the wall clock.
    clock: fn() -> Timestamp,
    /// What is still to be done for imports that broke off; the service ends after it.
    tasks: TaskTracker,
}

impl Ingest {
    /// The door.
    pub(crate) fn new(market: Arc<Market>, clock: fn() -> Timestamp, tasks: TaskTracker) -> Self {
        Self { market, clock, tasks }
    }

    /// Stores what can be stored of one message; notes the rest.
    async fn take(&self, bars: Vec<WireBar>, source: &str, tally: &mut Tally) -> Result<(), Fault> {
        let mut good = Vec::with_capacity(bars.len());
        for bar in bars {
            let symbol = shown(&bar.symbol);
            match self.admit(bar) {
                Ok(bar) => good.push(bar),
                Err(fault) => tally.reject(symbol, fault),
            }
            tally.seen += 1;
        }
        let imported = self.market.import(good, source, Vec::new()).await.map_err(Fault::internal)?;
        tally.add(imported);
        Ok(())
    }

    fn admit(&self, bar: WireBar) -> Result<Bar, Fault> {
        let bar = parse::bar(bar)?;
        let refused = self.market.admits(bar.candle.close_time, (self.clock)());
        refused.map_err(|rule| {
            Fault::new(Code::OutOfRange, "BEYOND_CLOCK", format!("close_time {rule}"))
                .field("close_time", rule.to_string())
        })?;
        Ok(bar)
    }
}

#[tonic::async_trait]
impl IngestService for Ingest {
    async fn import_bars(
        &self,
        request: Request<Streaming<ImportBarsRequest>>,
    ) -> Result<Response<ImportBarsResponse>, Status> {
        loaded(&self.market, Ending::of(&request)).await?;
        let mut messages = request.into_inner();
        let mut tally = Tally::default();
        let mut source: Option<String> = None;
        let stored = Stored { market: Some(Arc::clone(&self.market)), tasks: self.tasks.clone() };
        while let Some(ImportBarsRequest { bars, source: given }) = messages.message().await? {
            let source = source.get_or_insert(given);
            self.take(bars, source, &mut tally).await?;
        }
        stored.show().await?;
        Ok(Response::new(tally.answer))
    }
}

/// A symbol as a rejection repeats it: whatever the client sent, it is not kept at any length.
fn shown(symbol: &str) -> String {
    const LONGEST: usize = 64;
    symbol.chars().take(LONGEST).collect()
}

/// Sees to it that what an import has stored is shown, also if its client goes away half-way.
struct Stored {
    market: Option<Arc<Market>>,
    tasks: TaskTracker,
}

impl Stored {
    async fn show(mut self) -> Result<(), Fault> {
        if let Some(market) = &self.market {
            market.refold().await.map_err(Fault::internal)?;
        }
        self.market = None;
        Ok(())
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if let (Some(market), Ok(runtime)) = (self.market.take(), Handle::try_current()) {
            // A failure is logged, and the next import tries again.
            let show = async move { market.refold().await.map_err(Fault::internal) };
            drop(self.tasks.spawn_on(show, &runtime));
        }
    }
}

/// What an import did so far.
#[derive(Default)]
struct Tally {
    seen: u64,
    answer: ImportBarsResponse,
}

impl Tally {
    fn reject(&mut self, symbol: String, fault: Fault) {
        self.answer.rejected += 1;
        if self.answer.rejections.len() < LISTED {
            self.answer.rejections.push(RejectedBar { index: self.seen, symbol, error: Some(status(fault)) });
        }
    }

    fn add(&mut self, imported: Imported) {
        self.answer.written += imported.bars.written;
        self.answer.unchanged += imported.bars.unchanged;
        self.answer.created_symbols.extend(imported.created.into_iter().map(String::from));
    }
}
