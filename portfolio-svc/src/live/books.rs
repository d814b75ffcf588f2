use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tickmesh_mesh::status::{Code, Fault};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Book, Round};
use crate::desk::Desk;
use crate::error::Error;
use crate::plan::Plan;
use crate::store::StateStore;

/// The default portfolio's name.
const DEFAULT: &str = "default";

/// All live portfolios: the default one, and those that clients ask for, one for each distinct plan.
///
/// A portfolio lives on while there is room, subscribed to or not; when there is none, one without subscribers makes way.
/// After a restart it goes on from where it stood when a client asks for it again; rounds until then are not made up for.
pub struct Books {
    default: Arc<Book>,
    /// Locked while one is opened, so that one plan never gets two.
    custom: Mutex<BTreeMap<String, Arc<Book>>>,
    desk: Desk,
    store: StateStore,
    dir: PathBuf,
    most: usize,
}

impl Books {
    /// Opens the default portfolio; the logs lie in `dir`, and `most` others may live beside it.
    ///
    /// # Errors
    /// If its log or the store cannot be read.
    pub async fn open(plan: Plan, desk: Desk, store: StateStore, dir: PathBuf, most: usize) -> Result<Self, Error> {
        let (market, log) = (desk.market.clone(), dir.join("allocations"));
        let default = Book::open(DEFAULT.into(), plan, &log, market, store.clone()).await?;
        Ok(Self { default: Arc::new(default), custom: Mutex::default(), desk, store, dir, most })
    }

    /// The default portfolio.
    pub fn default_book(&self) -> &Arc<Book> {
        &self.default
    }

    /// All that are open, the default one first.
    pub async fn all(&self) -> Vec<Arc<Book>> {
        let custom = self.custom.lock().await;
        std::iter::once(&self.default).chain(custom.values()).cloned().collect()
    }

    /// The live portfolio of a plan, opened and optimised for the first time if need be.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED when there is no room; as [`Book::advance`].
    pub async fn of(&self, plan: Plan) -> Result<Arc<Book>, Fault> {
        if plan == *self.default.plan() {
            return Ok(Arc::clone(&self.default));
        }
        let id = identity(&plan);
        let mut custom = self.custom.lock().await;
        if let Some(book) = custom.get(&id) {
            return Ok(Arc::clone(book));
        }
        self.make_room(&mut custom, &id).await?;
        let (log, market) = (self.log(&id), self.desk.market.clone());
        let book = Book::open(id.clone(), plan, &log, market, self.store.clone()).await.map_err(Fault::internal)?;
        if let Err(refused) = self.first(&book).await {
            drop(book);
            self.forget(&id).await?;
            return Err(refused);
        }
        let book = Arc::new(book);
        custom.insert(id, Arc::clone(&book));
        Ok(book)
    }

    /// An allocation at the close of the default portfolio's last one, for the snapshot to have something.
    async fn first(&self, book: &Book) -> Result<(), Fault> {
        let Some(as_of) = self.default.as_of().await else { return Ok(()) };
        book.advance(&self.desk, &Round { as_of, heard: BTreeSet::new() }).await.map(drop)
    }

    async fn make_room(&self, custom: &mut BTreeMap<String, Arc<Book>>, wanted: &str) -> Result<(), Fault> {
        let kept = self.store.books().await.map_err(Fault::internal)?;
        let closed = kept.iter().filter(|id| *id != DEFAULT && *id != wanted && !custom.contains_key(*id));
        let closed: Vec<&String> = closed.collect();
        if custom.len() + closed.len() < self.most {
            return Ok(());
        }
        let idle = custom.iter().find(|(_, book)| Arc::strong_count(book) == 1).map(|(id, _)| id.clone());
        let Some(id) = closed.first().map(|id| (*id).clone()).or(idle) else { return Err(self.full()) };
        custom.remove(&id);
        self.forget(&id).await
    }

    async fn forget(&self, id: &str) -> Result<(), Fault> {
        self.store.forget(id).await.map_err(Fault::internal)?;
        match tokio::fs::remove_dir_all(self.log(id)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::internal(error)),
            _ => Ok(()),
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

/// A name that follows from the plan, so that a client finds its portfolio again after a restart.
fn identity(plan: &Plan) -> String {
    // The debug text shows every field, numbers to the last bit.
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{plan:?}").as_bytes()).to_string()
}
