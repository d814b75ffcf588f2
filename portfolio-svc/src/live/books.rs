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
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::rounds::{Rounds, Seat};
use super::shelf::{Full, Hold, Removed, Shelf};
use super::worker::Worker;
use super::{Book, Round, Run, Start};
use crate::desk::Desk;
use crate::error::Error;
use crate::grpc::order;
use crate::plan::Plan;
use crate::store::{StateStore, StoredPlan};

/// The default portfolio's name.
const DEFAULT: &str = "default";

/// How long a stream waits at the start to learn which run of the feed this is.
const SETTLING: Duration = Duration::from_secs(3);

/// All live portfolios: the default one, and those that clients ask for, one for each distinct plan.
///
/// A portfolio lives on while there is room, subscribed to or not, and goes on after a restart; when there is no room, the
/// one without subscribers that was asked for the longest ago makes way. Each is allocated by a task of its own: one that
/// is slow holds up nobody, and if it is so slow that it skips rounds, its log begins anew.
pub struct Books {
    default: Arc<Book>,
    custom: Shelf<Open>,
    /// Held while the files of one are opened or removed.
    files: Mutex<()>,
    rounds: Arc<Rounds>,
    /// The default portfolio's, until its worker takes it.
    leader: Mutex<Option<Seat>>,
    run: Run,
    /// Whether that run is known to go on, or cannot be known now.
    settled: watch::Sender<bool>,
    stop: CancellationToken,
    desk: Desk,
    store: StateStore,
    dir: PathBuf,
    most: usize,
}

/// A portfolio beside the default one with the task that allocates it.
struct Open {
    book: Arc<Book>,
    /// Ends the task.
    end: CancellationToken,
    /// Taken by whoever waits for that.
    worker: Mutex<Option<JoinHandle<()>>>,
}

/// A live portfolio in use: it does not make way for another.
pub(crate) struct Lease {
    book: Arc<Book>,
    _hold: Option<Hold>,
}

impl Lease {
    /// Opens a stream of the portfolio's allocations.
    pub(crate) fn subscribe(&self, subscription: Subscription, ending: Ending) -> Result<Messages, Fault> {
        self.book.subscribe(subscription, ending)
    }
}

impl Books {
    /// Opens all portfolios that are stored; the logs lie in `dir`, and `most` others may live beside the default one.
    ///
    /// # Errors
    /// If a log or the store cannot be read.
    pub async fn open(plan: Plan, desk: Desk, store: StateStore, dir: PathBuf, most: usize) -> Result<Self, Error> {
        let (market, log) = (desk.market.clone(), dir.join("allocations"));
        let default = Arc::new(Book::open(DEFAULT.into(), plan, &log, market, store.clone()).await?);
        let run = Run::new(store.signals().await?.map(|(run, _)| Arc::from(run)));
        let (rounds, leader) = Rounds::new();
        let books = Self {
            default,
            custom: Shelf::new(most),
            files: Mutex::default(),
            rounds,
            leader: Mutex::new(Some(leader)),
            run,
            settled: watch::Sender::new(false),
            stop: CancellationToken::new(),
            desk,
            store,
            dir,
            most,
        };
        books.reopen().await?;
        Ok(books)
    }

    async fn reopen(&self) -> Result<(), Error> {
        let stored = self.store.plans().await?.into_iter().filter(|stored| stored.book != DEFAULT);
        for (place, StoredPlan { book: id, plan, asked_time }) in stored.enumerate() {
            let plan = plan.as_deref().and_then(order::decode).filter(|_| place < self.most);
            let open = match plan {
                Some(plan) => self.reopen_one(&id, plan).await?,
                None => None,
            };
            let Some(open) = open else {
                tracing::info!(book = id, "a live portfolio that cannot be gone on with is forgotten");
                self.forget(&id).await?;
                continue;
            };
            if let Ok((place, ..)) = self.custom.take(&id, asked_time) {
                drop(place.set(open));
            }
        }
        self.sweep().await;
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

    /// Removes what a crash left of portfolios that made way.
    async fn sweep(&self) {
        let Ok(mut found) = tokio::fs::read_dir(self.dir.join("books")).await else { return };
        while let Ok(Some(entry)) = found.next_entry().await {
            if entry.file_name().to_str().is_some_and(|id| self.custom.has(id)) {
                continue;
            }
            if let Err(error) = tokio::fs::remove_dir_all(entry.path()).await {
                tracing::warn!(path = %entry.path().display(), %error, "a log without a portfolio cannot be removed");
            }
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
            done = done.min(book.as_of().await);
        }
        done
    }

    /// The feed is in this run: portfolios of another one begin anew. One that cannot be written is tried again before its
    /// next round.
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

    /// The live portfolio of a plan, opened and optimised for the first time if need be.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no room; as [`Book::advance`].
    pub(crate) async fn of(&self, plan: Plan) -> Result<Lease, Fault> {
        let settled = async { self.settled.subscribe().wait_for(|settled| *settled).await.is_ok() };
        // Without an answer, what is stored is the best that is known.
        let _ = tokio::time::timeout(SETTLING, settled).await;
        if plan == *self.default.plan() {
            return Ok(Lease { book: Arc::clone(&self.default), _hold: None });
        }
        let order = order::encode(&plan);
        let id = identity(&order);
        let (place, hold, removed) = self.custom.take(&id, clock::now()).map_err(|Full| self.full())?;
        if let Some(removed) = removed {
            self.put_away(removed).await.map_err(Fault::internal)?;
        }
        let opened = place.get_or_try_init(|| self.first(&id, plan)).await;
        let book = Arc::clone(&opened.inspect_err(|_| self.custom.give_up(&id, &hold))?.book);
        self.store.keep_plan(&id, &order, clock::now()).await.map_err(Fault::internal)?;
        self.catch_up(&book).await?;
        Ok(Lease { book, _hold: Some(hold) })
    }

    /// Opens a portfolio, with an allocation at the close of the default one's last, for the snapshot to have something.
    async fn first(&self, id: &str, plan: Plan) -> Result<Open, Fault> {
        let open = self.begin(id, plan).await.map_err(Fault::internal)?;
        let begun = self.first_allocation(&open.book).await;
        if begun.is_err() {
            open.close().await;
            self.forget(id).await.map_err(Fault::internal)?;
        }
        begun.map(|()| open)
    }

    async fn first_allocation(&self, book: &Book) -> Result<(), Fault> {
        self.catch_up(book).await?;
        let Some(run) = self.run.now() else { return Ok(()) };
        let Some(as_of) = self.default.as_of_in(&run).await else { return Ok(()) };
        book.advance(&self.desk, &Round { as_of, heard: BTreeSet::new() }, &run).await.map(drop)
    }

    /// A run that began while the portfolio was being opened.
    async fn catch_up(&self, book: &Book) -> Result<(), Fault> {
        book.belong(&self.run).await.map_err(Fault::internal)
    }

    async fn begin(&self, id: &str, plan: Plan) -> Result<Open, Error> {
        let _turn = self.files.lock().await;
        let (log, market) = (self.log(id), self.desk.market.clone());
        let book = Arc::new(Book::open(id.to_owned(), plan, &log, market, self.store.clone()).await?);
        let end = self.stop.child_token();
        let work = self.worker(Arc::clone(&book), Start::new(None), self.rounds.join()).work();
        let ended = end.clone();
        let work = async move { ended.run_until_cancelled(work).await.unwrap_or_default() };
        let worker = tokio::spawn(work.instrument(tracing::info_span!("portfolio_book", id)));
        Ok(Open { book, end, worker: Mutex::new(Some(worker)) })
    }

    /// Forgets a portfolio that made way, unless it was asked for again.
    async fn put_away(&self, Removed { name, place }: Removed<Open>) -> Result<(), Error> {
        if let Some(open) = place.get() {
            open.close().await;
        }
        let _turn = self.files.lock().await;
        if self.custom.has(&name) { Ok(()) } else { self.remove(&name).await }
    }

    async fn forget(&self, id: &str) -> Result<(), Error> {
        let _turn = self.files.lock().await;
        self.remove(id).await
    }

    /// Removes what is stored of a portfolio. The caller holds `files`.
    ///
    /// The log is put aside first: a crash leaves all of it or nothing under its name, and the next start sweeps the rest.
    async fn remove(&self, id: &str) -> Result<(), Error> {
        self.store.forget(id).await?;
        let (log, aside) = (self.log(id), self.log(&format!("{id}.removed")));
        gone(tokio::fs::remove_dir_all(&aside).await)?;
        gone(tokio::fs::rename(log, &aside).await)?;
        gone(tokio::fs::remove_dir_all(aside).await)
    }

    /// Ends the tasks of all portfolios.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        for place in self.custom.all() {
            if let Some(open) = place.get() {
                open.close().await;
            }
        }
    }

    fn log(&self, id: &str) -> PathBuf {
        self.dir.join("books").join(id)
    }

    fn full(&self) -> Fault {
        let message = format!("{} live portfolios beside the default one are subscribed to", self.most);
        Fault::new(Code::ResourceExhausted, "TOO_MANY_PORTFOLIOS", message)
            .quota("live portfolios", format!("{0} of {0}", self.most))
            .retry_after(Duration::from_secs(30))
    }
}

impl Open {
    /// Ends the task and waits for that.
    async fn close(&self) {
        self.end.cancel();
        if let Some(worker) = self.worker.lock().await.take() {
            // A panic has been reported where it happened.
            let _ = worker.await;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// What is not there needs no removal.
fn gone(removed: std::io::Result<()>) -> Result<(), Error> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Files(error)),
        _ => Ok(()),
    }
}

/// A name that follows from the plan, so that a client finds its portfolio again after a restart.
fn identity(order: &[u8]) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, order).to_string()
}
