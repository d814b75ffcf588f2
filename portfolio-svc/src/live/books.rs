use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tickmesh_fanout::topic::{Messages, Subscription};
use tickmesh_mesh::clock;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault};
use tokio::sync::{Mutex, broadcast, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::shelf::{Full, Hold, Removed, Shelf};
use super::worker::{Due, follow};
use super::{Book, Round};
use crate::desk::Desk;
use crate::error::Error;
use crate::grpc::order;
use crate::plan::Plan;
use crate::store::{StateStore, StoredPlan};

/// The default portfolio's name.
const DEFAULT: &str = "default";

/// Rounds that wait for a portfolio beside the default one.
const WAITING: usize = 64;

/// How long a stream waits at the start to learn which run of the feed this is.
const SETTLING: Duration = Duration::from_secs(3);

/// All live portfolios: the default one, and those that clients ask for, one for each distinct plan.
///
/// A portfolio lives on while there is room, subscribed to or not, and goes on after a restart; when there is no room, the
/// one without subscribers that was asked for the longest ago makes way. Each is allocated by a task of its own: one that
/// is slow skips rounds and holds up nobody.
pub struct Books {
    default: Arc<Book>,
    custom: Shelf<Open>,
    /// Held while the files of one are opened or removed.
    files: Mutex<()>,
    rounds: broadcast::Sender<Due>,
    /// The run of the feed, as it was known last.
    run: watch::Sender<Option<Arc<str>>>,
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
        let run = store.signals().await?.map(|(run, _)| Arc::from(run));
        let books = Self {
            default,
            custom: Shelf::new(most),
            files: Mutex::default(),
            rounds: broadcast::Sender::new(WAITING),
            run: watch::Sender::new(run),
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
            match plan.as_deref().and_then(order::decode).filter(|_| place < self.most) {
                Some(plan) => {
                    let open = self.begin(&id, plan).await?;
                    if let Ok((place, ..)) = self.custom.take(&id, asked_time) {
                        drop(place.set(open));
                    }
                }
                None => {
                    tracing::info!(book = id, "a live portfolio that cannot be gone on with is forgotten");
                    self.forget(&id).await?;
                }
            }
        }
        Ok(())
    }

    /// The default portfolio.
    pub fn default_book(&self) -> &Arc<Book> {
        &self.default
    }

    /// Hands a round to all portfolios but the default one; those that are behind lose the oldest that wait.
    pub(super) fn tell(&self, due: &Due) {
        // An error says that nobody listens.
        let _ = self.rounds.send(due.clone());
    }

    /// The feed is in this run: portfolios of another one begin anew.
    ///
    /// # Errors
    /// If a log or the store cannot be written.
    pub(super) async fn belong(&self, run: &Arc<str>) -> Result<(), Error> {
        self.default.belong(run).await?;
        // One that is being opened looks at the run when it is open.
        self.run.send_replace(Some(Arc::clone(run)));
        for place in self.custom.all() {
            if let Some(open) = place.get() {
                open.book.belong(run).await?;
            }
        }
        Ok(())
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
        let run = self.run.borrow().clone();
        let (Some(as_of), Some(run)) = (self.default.as_of().await, run) else { return Ok(()) };
        book.advance(&self.desk, &Round { as_of, heard: BTreeSet::new() }, &run).await.map(drop)
    }

    /// A run that began while the portfolio was being opened.
    async fn catch_up(&self, book: &Book) -> Result<(), Fault> {
        let run = self.run.borrow().clone();
        match run {
            Some(run) => book.belong(&run).await.map_err(Fault::internal),
            None => Ok(()),
        }
    }

    async fn begin(&self, id: &str, plan: Plan) -> Result<Open, Error> {
        let _turn = self.files.lock().await;
        let (log, market) = (self.log(id), self.desk.market.clone());
        let book = Arc::new(Book::open(id.to_owned(), plan, &log, market, self.store.clone()).await?);
        let end = self.stop.child_token();
        let work = follow(Arc::clone(&book), self.desk.clone(), self.rounds.subscribe());
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
    async fn remove(&self, id: &str) -> Result<(), Error> {
        self.store.forget(id).await?;
        match tokio::fs::remove_dir_all(self.log(id)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Files(error)),
            _ => Ok(()),
        }
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

/// A name that follows from the plan, so that a client finds its portfolio again after a restart.
fn identity(order: &[u8]) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, order).to_string()
}
