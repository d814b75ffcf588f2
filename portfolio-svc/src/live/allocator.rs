use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tickmesh_fanout::follow::{Follow, Told};
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::readiness::Latch;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Book, Books, Gather, Round};
use crate::desk::Desk;
use crate::error::Error;
use crate::model::{Signals, heard};
use crate::store::{StateError, StateStore};

/// How long a round is left alone after a service it needs did not answer.
const RETRY: Duration = Duration::from_millis(500);

/// Turns rounds of signals into allocations.
pub(crate) struct Allocator {
    books: Arc<Books>,
    desk: Desk,
    store: StateStore,
    signals: Follow<Signals>,
    gather: Gather,
    epoch: Option<String>,
    /// Dropped at the first allocation.
    latch: Option<Latch>,
    /// When a round that is waiting is taken as it is.
    deadline: Option<Instant>,
}

impl Allocator {
    /// Goes on where the store says.
    pub(crate) async fn new(
        books: Arc<Books>,
        desk: Desk,
        store: StateStore,
        model: &Upstream,
        latch: Latch,
    ) -> Result<Self, Error> {
        let (epoch, cursor) = store.signals().await?.unzip();
        let signals = Signals { upstream: model.clone() };
        let signals = Follow::new(signals, "StreamSignals", model.backoff(), cursor);
        let done = books.default_book().as_of().await;
        let latch = done.is_none().then_some(latch);
        Ok(Self { books, desk, store, signals, gather: Gather::after(done), epoch, latch, deadline: None })
    }

    /// Works until `stop`. Stopping in the middle of a round loses nothing: it is done anew after the next start.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            loop {
                self.step().await;
            }
        })
        .await;
    }

    async fn step(&mut self) {
        let patience = self.deadline;
        let told = tokio::select! {
            told = self.signals.next() => Some(told),
            () = async { sleep_until(patience.unwrap_or_else(Instant::now)).await }, if patience.is_some() => None,
        };
        match told {
            Some(Told::Open { epoch, .. }) => self.open(epoch).await,
            Some(Told::Events(signals, cursor)) => self.hear(heard(&signals), cursor).await,
            Some(Told::CaughtUp(cursor)) => self.keep(Some(cursor)).await,
            Some(Told::Feed(_) | Told::Lost | Told::Broken) => {}
            None => self.give_up().await,
        }
    }

    /// A new epoch of signals is a new run of the feed: the portfolios begin anew with it.
    async fn open(&mut self, epoch: String) {
        if self.epoch.as_ref() == Some(&epoch) {
            return;
        }
        if self.epoch.is_some() {
            self.gather = Gather::default();
            for book in self.books.all().await {
                log_failure(book.begin_anew().await);
            }
        }
        log_failure(self.store.keep_signals(&epoch, "").await);
        self.epoch = Some(epoch);
    }

    async fn hear(&mut self, heard: Vec<(Symbol, Timestamp)>, cursor: Option<String>) {
        for (symbol, as_of) in heard {
            self.gather.hear(symbol, as_of);
        }
        let all = self.expected().await;
        while let Some(round) = self.gather.complete(all.as_ref()) {
            self.allocate(&round).await;
        }
        self.deadline = (!self.gather.is_idle()).then(|| Instant::now() + self.desk.patience);
        self.keep(cursor).await;
    }

    /// Whose signals make a round complete; if that is not known now, only time does.
    async fn expected(&mut self) -> Option<BTreeSet<Symbol>> {
        Some(self.desk.market.universe().await.ok()?.symbols().cloned().collect())
    }

    async fn give_up(&mut self) {
        self.deadline = None;
        while let Some(round) = self.gather.give_up() {
            self.allocate(&round).await;
        }
    }

    async fn allocate(&mut self, round: &Round) {
        for book in self.books.all().await {
            self.advance(&book, round).await;
        }
        if self.books.default_book().as_of().await.is_some() {
            self.latch = None;
        }
    }

    /// A service that does not answer is waited for; anything else concerns this portfolio and this round alone.
    async fn advance(&mut self, book: &Book, round: &Round) {
        loop {
            match book.advance(&self.desk, round).await {
                Ok(_) => return,
                Err(fault) if is_passing(&fault) => {
                    tracing::warn!(%fault, as_of = %round.as_of, "an allocation has to wait");
                    sleep(RETRY).await;
                }
                Err(fault) => {
                    tracing::warn!(%fault, as_of = %round.as_of, "no allocation for this round");
                    return;
                }
            }
        }
    }

    /// Keeps a place once everything up to it has led to allocations.
    async fn keep(&mut self, cursor: Option<String>) {
        if let (Some(cursor), Some(epoch), true) = (cursor, &self.epoch, self.gather.is_idle()) {
            log_failure(self.store.keep_signals(epoch, &cursor).await);
        }
    }
}

fn log_failure(result: Result<(), StateError>) {
    if let Err(error) = result {
        tracing::error!(%error, "the state of the live portfolios could not be stored");
    }
}

fn is_passing(fault: &Fault) -> bool {
    matches!(fault.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled)
}
