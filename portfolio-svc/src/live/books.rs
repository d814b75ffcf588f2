use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tickmesh_fanout::log::LogError;
use tickmesh_fanout::topic::{Messages, Subscription};
use tickmesh_mesh::clock;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::types::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::files::{Files, Turn};
use super::open::Open;
use super::rounds::{Rounds, Seat};
use super::shelf::{Full, Hold, Removed, Room, Shelf};
use super::worker::Worker;
use super::{Book, Round, Run, Start, Wire};
use crate::desk::Desk;
use crate::error::Error;
use crate::plan::Plan;
use crate::store::{StateStore, StoredPlan};

/// The default portfolio's name.
const DEFAULT: &str = "default";

/// How long a stream waits at the start to learn which run of the feed this is.
const SETTLING: Duration = Duration::from_secs(3);

/// No stream is longer: 30 minutes and a tenth.
const LONGEST_STREAM: Duration = Duration::from_secs(33 * 60);

/// All live portfolios: the default one, and those that clients ask for, one for each distinct plan.
///
/// A portfolio lives on while there is room, subscribed to or not, and goes on after a restart; when there is no room,
/// the one makes way that has had no subscribers for the longest time, if its streams cannot be resumed any more. Each
/// is allocated by a task of its own: one that is slow holds up nobody, and if it is so slow that it skips rounds, its
/// log begins anew.
pub struct Books {
    default: Arc<Book>,
    custom: Shelf<Open>,
    files: Files,
    rounds: Arc<Rounds>,
    /// The default portfolio's, until its worker takes it.
    leader: Mutex<Option<Seat>>,
    run: Run,
    /// Whether that run is known to go on, or cannot be known now.
    settled: watch::Sender<bool>,
    stop: CancellationToken,
    /// Those that open portfolios or put them away: a client that leaves does not end them half-way.
    tasks: TaskTracker,
    desk: Desk,
    store: StateStore,
    wire: Arc<dyn Wire>,
    room: Room,
}

/// A portfolio that a client asks for.
struct Order {
    id: String,
    plan: Plan,
    encoded: Vec<u8>,
}

/// A live portfolio in use: it does not make way for another.
pub(crate) struct Lease {
    book: Arc<Book>,
    _hold: Option<Hold<Open>>,
}

impl Lease {
    /// Opens a stream of the portfolio's allocations.
    pub(crate) fn subscribe(&self, subscription: Subscription, ending: Ending) -> Result<Messages, Fault> {
        self.book.subscribe(subscription, ending)
    }
}

impl Order {
    /// The name follows from the plan, so that a client finds its portfolio again after a restart.
    fn new(plan: Plan, wire: &dyn Wire) -> Self {
        let encoded = wire.order(&plan);
        Self { id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &encoded).to_string(), plan, encoded }
    }
}

impl Books {
    /// Opens all portfolios that are stored; the logs lie in `dir`, and there is `room` beside the default one.
    ///
    /// # Errors
    /// If a log or the store cannot be read.
    pub async fn open(
        plan: Plan,
        desk: Desk,
        store: StateStore,
        wire: Arc<dyn Wire>,
        dir: PathBuf,
        room: Room,
    ) -> Result<Self, Error> {
        let files = Files::new(dir);
        let (market, log) = (desk.market.clone(), files.default_log());
        let default = Arc::new(Book::open(DEFAULT.into(), plan, &log, market, store.clone(), Arc::clone(&wire)).await?);
        let run = Run::new(store.signals().await?.map(|(run, _)| Arc::from(run)));
        let (rounds, leader) = Rounds::new();
        let books = Self {
            default,
            custom: Shelf::new(room, clock::now),
            files,
            rounds,
            leader: Mutex::new(Some(leader)),
            run,
            settled: watch::Sender::new(false),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            desk,
            store,
            wire,
            room,
        };
        books.reopen().await?;
        Ok(books)
    }

    async fn reopen(&self) -> Result<(), Error> {
        let stored = self.store.plans().await?.into_iter().filter(|stored| stored.book != DEFAULT);
        for (place, StoredPlan { book: id, plan, asked_time }) in stored.enumerate() {
            let plan = plan.and_then(|order| self.wire.plan(&order)).filter(|_| place < self.room.most);
            let open = match plan {
                Some(plan) => self.reopen_one(&id, plan).await?,
                None => None,
            };
            let Some(open) = open else {
                tracing::info!(book = id, "a live portfolio that cannot be gone on with is forgotten");
                self.forget(&id, &self.files.turn().await).await?;
                continue;
            };
            self.custom.put(&id, open, asked_time.plus(LONGEST_STREAM));
        }
        self.files.sweep(|id| self.custom.has(id)).await;
        Ok(())
    }

    /// `None` if its log is damaged: it is as good as lost, and no reason for the others not to start.
    async fn reopen_one(&self, id: &str, plan: Plan) -> Result<Option<Open>, Error> {
        match self.begin(id, plan).await {
            Err(Error::Log(error @ LogError::Damaged { .. })) => {
                tracing::error!(book = id, %error, "the log of a live portfolio cannot be read");
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    /// The default portfolio.
    pub fn default_book(&self) -> &Arc<Book> {
        &self.default
    }

    /// The rounds that portfolios have yet to do.
    pub(super) fn rounds(&self) -> &Arc<Rounds> {
        &self.rounds
    }

    /// The worker of the default portfolio; `None` if it was taken before.
    pub(super) async fn lead(&self, start: Start) -> Option<Worker> {
        let seat = self.leader.lock().await.take()?;
        Some(self.worker(Arc::clone(&self.default), start, seat))
    }

    fn worker(&self, book: Arc<Book>, start: Start, seat: Seat) -> Worker {
        Worker { book, desk: self.desk.clone(), run: self.run.clone(), start, seat }
    }

    /// All live portfolios that are open.
    fn all(&self) -> Vec<Arc<Book>> {
        let custom = self.custom.all();
        let custom = custom.iter().filter_map(|place| Some(Arc::clone(&place.get()?.book)));
        std::iter::once(Arc::clone(&self.default)).chain(custom).collect()
    }

    /// Up to when all portfolios are done with their rounds; `None` if one has done none.
    pub(super) async fn done(&self) -> Option<Timestamp> {
        let mut done = Some(Timestamp::MAX);
        for book in self.all() {
            done = done.min(book.done().await);
        }
        done
    }

    /// The feed is in this run: portfolios of another one begin anew. One that cannot be written is tried again before
    /// its next round.
    pub(super) async fn belong(&self, run: &Arc<str>) {
        // One that is being opened looks at the run when it is open.
        self.run.set(run);
        for book in self.all() {
            if let Err(error) = book.belong(&self.run).await {
                tracing::error!(book = book.id(), %error, "a live portfolio could not begin anew");
            }
        }
    }

    /// Nothing more will be known of the run for now.
    pub(super) fn settle(&self) {
        self.settled.send_replace(true);
    }

    /// The live portfolio of a plan for this subscription, opened and optimised for the first time if need be.
    ///
    /// # Errors
    /// OUT_OF_RANGE for a cursor when the portfolio is not open; RESOURCE_EXHAUSTED when there is no room; as
    /// [`Book::advance`].
    pub(crate) async fn of(self: &Arc<Self>, plan: Plan, subscription: &Subscription) -> Result<Lease, Fault> {
        let settled = async { self.settled.subscribe().wait_for(|settled| *settled).await.is_ok() };
        // Without an answer, what is stored is the best that is known.
        let _ = tokio::time::timeout(SETTLING, settled).await;
        if plan == *self.default.plan() {
            return Ok(Lease { book: Arc::clone(&self.default), _hold: None });
        }
        let order = Order::new(plan, self.wire.as_ref());
        let hold = self.place(&order.id, subscription).await?;
        let hold = self.opened(order, hold).await?;
        let open = hold.get().ok_or_else(|| Fault::internal("a live portfolio was opened and is not there"))?;
        let book = Arc::clone(&open.book);
        self.catch_up(&book).await?;
        Ok(Lease { book, _hold: Some(hold) })
    }

    /// The place of a portfolio; another makes way for it if need be.
    async fn place(self: &Arc<Self>, id: &str, subscription: &Subscription) -> Result<Hold<Open>, Fault> {
        if let Some(hold) = self.custom.find(id) {
            return Ok(hold);
        }
        subscription.begins()?;
        // Whose log is being removed does not get a place again before that is done.
        let turn = self.files.turn().await;
        let (hold, removed) = self.custom.take(id).map_err(|Full| self.full())?;
        if let Some(removed) = removed {
            self.tasks.spawn(Arc::clone(self).put_away(removed, turn));
        }
        Ok(hold)
    }

    /// Forgets a portfolio that made way.
    async fn put_away(self: Arc<Self>, Removed { name, place }: Removed<Open>, turn: Turn) {
        if let Some(open) = place.get() {
            open.close().await;
        }
        if let Err(error) = self.forget(&name, &turn).await {
            tracing::error!(book = name, %error, "a live portfolio that made way could not be removed");
        }
    }

    /// Sees to it that a portfolio is open.
    async fn opened(self: &Arc<Self>, order: Order, hold: Hold<Open>) -> Result<Hold<Open>, Fault> {
        let turn = hold.turn().await;
        if hold.get().is_some() {
            self.keep(&order).await?;
            return Ok(hold);
        }
        self.tasks.spawn(Arc::clone(self).first(order, hold, turn)).await.map_err(Fault::internal)?
    }

    async fn keep(&self, Order { id, plan: _, encoded }: &Order) -> Result<(), Fault> {
        self.store.keep_plan(id, encoded, clock::now()).await.map_err(Fault::internal)
    }

    /// Opens a portfolio, with an allocation at the close of the default one's last, for the snapshot to have
    /// something. It has its `turn` at that, so that nobody else opens the same.
    async fn first(
        self: Arc<Self>,
        order: Order,
        hold: Hold<Open>,
        _turn: OwnedMutexGuard<()>,
    ) -> Result<Hold<Open>, Fault> {
        match self.try_first(&order).await {
            Ok(open) => {
                hold.fill(open);
                Ok(hold)
            }
            Err(fault) => {
                self.custom.give_up(&order.id, hold);
                Err(fault)
            }
        }
    }

    async fn try_first(&self, order: &Order) -> Result<Open, Fault> {
        let open = self.begin(&order.id, order.plan.clone()).await.map_err(Fault::internal)?;
        let begun = match self.first_allocation(&open.book).await {
            Ok(()) => self.keep(order).await,
            refused => refused,
        };
        if begun.is_err() {
            open.close().await;
            self.forget(&order.id, &self.files.turn().await).await.map_err(Fault::internal)?;
        }
        begun.map(|()| open)
    }

    async fn first_allocation(&self, book: &Book) -> Result<(), Fault> {
        self.catch_up(book).await?;
        let Some(run) = self.run.now() else { return Ok(()) };
        let Some(as_of) = self.default.as_of_in(&run).await else { return Ok(()) };
        let round = Round { as_of, heard: BTreeSet::new() };
        let done = self.stop.run_until_cancelled(book.advance(&self.desk, &round, &run)).await;
        done.unwrap_or_else(|| Err(stopping())).map(drop)
    }

    /// A run that began while the portfolio was being opened.
    async fn catch_up(&self, book: &Book) -> Result<(), Fault> {
        book.belong(&self.run).await.map_err(Fault::internal)
    }

    async fn begin(&self, id: &str, plan: Plan) -> Result<Open, Error> {
        let _turn = self.files.turn().await;
        let (log, market) = (self.files.log(id), self.desk.market.clone());
        let (store, wire) = (self.store.clone(), Arc::clone(&self.wire));
        let book = Arc::new(Book::open(id.to_owned(), plan, &log, market, store, wire).await?);
        let worker = self.worker(book, Start::new(None), self.rounds.join());
        Ok(Open::new(worker, self.stop.child_token()))
    }

    /// Removes what is stored of a portfolio.
    async fn forget(&self, id: &str, turn: &Turn) -> Result<(), Error> {
        self.store.forget(id).await?;
        self.files.remove(id, turn).await
    }

    /// Ends the tasks of all portfolios.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        for place in self.custom.all() {
            if let Some(open) = place.get() {
                open.close().await;
            }
        }
    }

    fn full(&self) -> Fault {
        let message =
            format!("{} live portfolios beside the default one are in use or were a moment ago", self.room.most);
        Fault::new(Code::ResourceExhausted, "TOO_MANY_PORTFOLIOS", message)
            .quota("live portfolios", format!("{0} of {0}", self.room.most))
            .retry_after(Duration::from_secs(30))
    }
}

fn stopping() -> Fault {
    Fault::unavailable("DRAINING", "the service stops", Duration::from_secs(1))
}
