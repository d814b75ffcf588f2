use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tickmesh_fanout::follow::{Follow, Told};
use tickmesh_mesh::client::Upstream;
use tickmesh_mesh::readiness::Latch;
use tickmesh_proto::types::{Symbol, Timestamp};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::worker::{Due, Task, lead};
use super::{Books, Gather, Round, Start};
use crate::desk::Desk;
use crate::error::Error;
use crate::model::{Signals, heard};
use crate::store::StateStore;

/// Rounds that wait for the default portfolio; more are left with the model.
const WAITING: usize = 64;

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
        let signals = Signals { upstream: model.clone() };
        let signals = Follow::new(signals, "StreamSignals", model.backoff(), cursor);
        let done = books.default_book().as_of().await;
        let (start, run) = (Start::new(done.is_none().then_some(latch)), run.map(Arc::from));
        Ok(Self { books, desk, store, signals, gather: Gather::after(done), run, start, deadline: None, quiet: None })
    }

    /// Works until `stop`. Stopping in the middle of a round loses nothing: it is done anew after the next start.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (tell, told) = mpsc::channel(WAITING);
        let book = Arc::clone(self.books.default_book());
        let lead = lead(book, self.desk.clone(), self.store.clone(), self.start.clone(), told);
        stop.run_until_cancelled(join(self.listen(tell), lead)).await;
    }

    async fn listen(mut self, tell: mpsc::Sender<Task>) {
        loop {
            for task in self.step().await {
                // The default portfolio ends with this loop and not before it.
                let _ = tell.send(task).await;
            }
        }
    }

    /// Waits for what happens next; says what the default portfolio is to do.
    async fn step(&mut self) -> Vec<Task> {
        let wake = self.deadline.into_iter().chain(self.quiet).min();
        let told = tokio::select! {
            told = self.signals.next() => Some(told),
            () = async { sleep_until(wake.unwrap_or_else(Instant::now)).await }, if wake.is_some() => None,
        };
        match told {
            Some(Told::Open { epoch, .. }) => self.open(epoch.into()).await,
            Some(Told::Events(signals, cursor)) => return self.hear(heard(&signals), cursor).await,
            Some(Told::CaughtUp(cursor)) => return self.caught_up(cursor),
            Some(Told::Broken) => self.without_model(),
            Some(Told::Feed(_) | Told::Lost) => {}
            None => return self.wake(),
        }
        Vec::new()
    }

    /// A new epoch of signals is a new run of the feed: the portfolios begin anew with it.
    async fn open(&mut self, run: Arc<str>) {
        if let Err(error) = self.books.belong(&run).await {
            tracing::error!(%error, "a live portfolio could not begin anew");
        }
        self.books.settle();
        if self.run.as_ref() == Some(&run) {
            return;
        }
        if self.run.is_some() {
            self.gather = Gather::default();
        }
        if let Err(error) = self.store.keep_signals(&run, "").await {
            tracing::error!(%error, "the run of the feed could not be stored");
        }
        self.run = Some(run);
    }

    async fn hear(&mut self, heard: Vec<(Symbol, Timestamp)>, cursor: Option<String>) -> Vec<Task> {
        for (symbol, as_of) in heard {
            self.gather.hear(symbol, as_of);
        }
        let all = self.expected().await;
        let mut tasks = Vec::new();
        while let Some(round) = self.gather.complete(all.as_ref()) {
            tasks.extend(self.due(round));
        }
        self.deadline = (!self.gather.is_idle()).then(|| Instant::now() + self.desk.patience);
        tasks.extend(self.keep(cursor));
        tasks
    }

    /// Whose signals make a round complete; if that is not known now, only time does.
    async fn expected(&mut self) -> Option<BTreeSet<Symbol>> {
        Some(self.desk.market.universe().await.ok()?.symbols().cloned().collect())
    }

    /// The snapshot is over. A model that has no signals may have none for long: that is no reason not to serve.
    fn caught_up(&mut self, cursor: String) -> Vec<Task> {
        if self.gather.is_idle() && self.start.is_open() {
            self.quiet = Some(Instant::now() + QUIET);
        }
        self.keep(Some(cursor)).into_iter().collect()
    }

    /// Optimising needs the market alone, and what is stored can be shown.
    fn without_model(&self) {
        self.books.settle();
        self.start.settle();
    }

    /// Time is up: for silent symbols, or for a silent model.
    fn wake(&mut self) -> Vec<Task> {
        let now = Instant::now();
        if self.quiet.take_if(|quiet| *quiet <= now).is_some() {
            self.start.settle();
        }
        let mut tasks = Vec::new();
        if self.deadline.take_if(|deadline| *deadline <= now).is_some() {
            while let Some(round) = self.gather.give_up() {
                tasks.extend(self.due(round));
            }
        }
        tasks
    }

    /// A round is handed to the other portfolios at once.
    fn due(&self, round: Round) -> Option<Task> {
        let due = Due { round: Arc::new(round), run: Arc::clone(self.run.as_ref()?) };
        self.books.tell(&due);
        Some(Task::Allocate(due))
    }

    /// A place is kept once everything up to it has led to allocations.
    fn keep(&self, cursor: Option<String>) -> Option<Task> {
        let (cursor, run) = cursor.zip(self.run.clone())?;
        self.gather.is_idle().then_some(Task::Keep { run, cursor })
    }
}
