use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join3;
use tickmesh_fanout::follow::{Follow, Told};
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::readiness::Latch;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::rounds::{Due, Place};
use super::{Books, Gather, Round, Start};
use crate::desk::Desk;
use crate::error::Error;
use crate::model::{Signals, heard};
use crate::prices::GONE_AFTER;
use crate::store::StateStore;

/// How long a first start waits for signals of a model that has none.
const QUIET: Duration = Duration::from_secs(20);

/// Turns signals into rounds, and hands these to the portfolios.
pub(crate) struct Allocator {
    books: Arc<Books>,
    desk: Desk,
    store: StateStore,
    signals: Follow<Signals>,
    gather: Gather,
    run: Option<Arc<str>>,
    start: Start,
    /// Whether the signals began with a snapshot, and no round has come of them yet.
    is_new: bool,
    /// Whether there is a place in the signals of this run to go on from.
    is_begun: bool,
    /// When a round that is waiting is taken as it is.
    deadline: Option<Instant>,
    /// When a start without any signals is taken as it is.
    quiet: Option<Instant>,
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
        let (run, cursor) = store.signals().await?.unzip();
        let is_begun = cursor.as_ref().is_some_and(|cursor| !cursor.is_empty());
        let signals = Signals { upstream: model.clone() };
        let signals = Follow::new(signals, "StreamSignals", model.backoff(), cursor);
        let is_first = books.default_book().as_of().await.is_none();
        let (start, run) = (Start::new(is_first.then_some(latch)), run.map(Arc::from));
        let gather = Gather::after(books.done().await);
        let (is_new, deadline, quiet) = (false, None, None);
        Ok(Self { books, desk, store, signals, gather, run, start, is_new, is_begun, deadline, quiet })
    }

    /// What holds readiness back until the first allocation.
    pub(crate) fn start(&self) -> Start {
        self.start.clone()
    }

    /// Works until `stop`. Stopping in the middle of a round loses nothing: each portfolio that has not done it does it
    /// after the next start.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Some(leader) = self.books.lead(self.start.clone()).await else { return };
        let keep = keep(Arc::clone(&self.books), self.store.clone());
        stop.run_until_cancelled(join3(self.listen(), leader.work(), keep)).await;
    }

    async fn listen(mut self) {
        self.make_up().await;
        loop {
            self.step().await;
        }
    }

    /// Tells again what the default portfolio has done and another has not: signals from before the first place that
    /// was stored of this run come no more.
    async fn make_up(&mut self) {
        let Some(run) = self.run.clone() else { return };
        if self.books.default_book().as_of_in(&run).await.is_none() {
            return;
        }
        let done = self.books.done().await;
        for as_of in self.books.default_book().done_after(done) {
            let round = Arc::new(Round { as_of, heard: BTreeSet::new() });
            self.books.rounds().tell(Due { round, run: Arc::clone(&run) }).await;
        }
    }

    /// Waits for what happens next, and tells the portfolios what follows from it.
    async fn step(&mut self) {
        let wake = self.deadline.into_iter().chain(self.quiet).min();
        let told = tokio::select! {
            told = self.signals.next() => Some(told),
            () = async { sleep_until(wake.unwrap_or_else(Instant::now)).await }, if wake.is_some() => None,
        };
        match told {
            Some(Told::Open { epoch, resumed }) => self.open(epoch.into(), resumed).await,
            Some(Told::Events(signals, cursor)) => self.hear(heard(&signals), cursor).await,
            Some(Told::CaughtUp(cursor)) => self.caught_up(cursor),
            Some(Told::Broken) => self.without_model(),
            Some(Told::Feed(_) | Told::Lost) => {}
            None => self.wake().await,
        }
    }

    /// A new epoch of signals is a new run of the feed: the portfolios begin anew with it.
    async fn open(&mut self, run: Arc<str>, resumed: bool) {
        self.is_new = !resumed;
        self.books.belong(&run).await;
        self.books.settle();
        if self.run.as_ref() == Some(&run) {
            return;
        }
        if self.run.is_some() {
            self.gather = Gather::default();
        }
        self.is_begun = false;
        self.books.rounds().begin_anew();
        self.books.rounds().reach(Place { run: Arc::clone(&run), cursor: String::new() });
        self.run = Some(run);
    }

    async fn hear(&mut self, heard: Vec<(Symbol, Timestamp)>, cursor: Option<String>) {
        for (symbol, as_of) in heard {
            self.gather.hear(symbol, as_of);
        }
        let all = self.expected().await;
        while let Some(round) = self.gather.complete(all.as_ref()) {
            self.due(round).await;
        }
        self.deadline = (!self.gather.is_idle()).then(|| Instant::now() + self.desk.patience);
        self.reach(cursor);
    }

    /// Whose signals make a round complete; if that is not known now, only time does.
    async fn expected(&mut self) -> Option<BTreeSet<Symbol>> {
        Some(self.desk.market.universe().await.ok()?.symbols().cloned().collect())
    }

    /// The snapshot is over. A model that has no signals may have none for long: that is no reason not to serve.
    fn caught_up(&mut self, cursor: String) {
        if self.gather.is_idle() && self.start.is_open() {
            self.quiet = Some(Instant::now() + QUIET);
        }
        self.reach(Some(cursor));
    }

    /// Optimising needs the market alone, and what is stored can be shown.
    fn without_model(&self) {
        self.books.settle();
        self.start.settle();
    }

    /// Time is up: for silent symbols, or for a silent model.
    async fn wake(&mut self) {
        let now = Instant::now();
        if self.quiet.take_if(|quiet| *quiet <= now).is_some() {
            self.start.settle();
        }
        if self.deadline.take_if(|deadline| *deadline <= now).is_some() {
            while let Some(round) = self.gather.give_up() {
                self.due(round).await;
            }
        }
    }

    /// A round is complete.
    async fn due(&mut self, round: Round) {
        if self.is_new && self.is_bygone(&round) {
            return;
        }
        self.is_new = false;
        if let Some(run) = &self.run {
            self.books.rounds().tell(Due { round: Arc::new(round), run: Arc::clone(run) }).await;
        }
    }

    /// The newest signal of a symbol whose bars ended long ago makes a round that nobody should begin with: turnover
    /// would then be counted from weights of that time. The signals' own clock tells, as the market's may be of another
    /// run still.
    fn is_bygone(&self, round: &Round) -> bool {
        self.gather.newest().is_some_and(|newest| newest.since(round.as_of) > GONE_AFTER)
    }

    /// A place is one to go on from when no round is half gathered there.
    fn reach(&mut self, cursor: Option<String>) {
        let Some((cursor, run)) = cursor.zip(self.run.clone()).filter(|_| self.gather.is_idle()) else { return };
        let place = Place { run, cursor };
        if std::mem::replace(&mut self.is_begun, true) {
            self.books.rounds().reach(place);
        } else {
            self.books.rounds().begin_at(place);
        }
    }
}

/// Keeps how far the signals led to allocations of all portfolios.
async fn keep(books: Arc<Books>, store: StateStore) {
    loop {
        let Place { run, cursor } = books.rounds().safe().await;
        if let Err(error) = store.keep_signals(&run, &cursor).await {
            tracing::error!(%error, "how far the signals were read could not be stored");
        }
    }
}
