use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tickmesh_mesh::clock;
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::status::{Code, Fault};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::job::{Job, View, interrupted};
use super::wire::Wire;
use crate::feed::Market;
use crate::pipeline::Commands;
use crate::shared::Shared;
use crate::store::{Claim, NewOperation, Outcome, RequestKey, State, Store, StoreError};

/// Operations that may wait or work at a time.
const QUEUE: usize = 16;
/// Attempts to store an operation's end, while the disk refuses.
const ATTEMPTS: u32 = 5;

/// What long work needs.
#[derive(Clone)]
pub struct Tools {
    /// Keeps operations and versions.
    pub store: Arc<dyn Store>,
    /// What the live loop sees.
    pub shared: Arc<Shared>,
    /// The way to the live loop.
    pub commands: Commands,
    /// The market.
    pub market: Arc<dyn Market>,
    /// Where computation runs.
    pub cpu: CpuPool,
    /// Encodes what operations carry.
    pub wire: Arc<dyn Wire>,
}

/// All operations. Clones share them.
#[derive(Clone)]
pub struct Jobs {
    pub(super) tools: Tools,
    /// Those that work or wait.
    running: Arc<Mutex<HashMap<String, Job>>>,
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Who asks for an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Who it belongs to.
    pub owner: String,
    /// The request, if it has an id.
    pub request: Option<RequestKey>,
}

impl Jobs {
    /// Ends what an earlier process left behind, and is ready.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn open(tools: Tools) -> Result<Self, StoreError> {
        let left = tools.wire.failure(interrupted());
        let ended = tools.store.interrupt_operations(&left, clock::now()).await?;
        if ended > 0 {
            tracing::warn!(operations = ended, "ended operations that an earlier process had left running");
        }
        Ok(Self {
            tools,
            running: Arc::default(),
            places: Arc::new(Semaphore::new(QUEUE)),
            turn: Arc::new(Semaphore::new(1)),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Stops all work and waits until it has ended.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The operation of a request that came before, as it is now. Whoever starts an operation asks this first: a retry
    /// is given its first answer whatever has changed since.
    pub(super) async fn begun(&self, launch: &Launch) -> Result<Option<View>, Fault> {
        let Some(request) = &launch.request else { return Ok(None) };
        let known = self.tools.store.known_operation(&launch.owner, request).await.map_err(Fault::internal)?;
        match known {
            None => Ok(None),
            Some(Claim::Done(id) | Claim::Known(id)) => self.get(&id).await.map(Some),
            Some(Claim::Taken(request)) => Err(request.taken()),
        }
    }

    /// Stores an operation and starts its work; a request id that is known gives its operation as it is now.
    pub(super) async fn launch<W, F>(&self, launch: Launch, metadata: Vec<u8>, work: W) -> Result<View, Fault>
    where
        W: FnOnce(Job) -> F + Send + 'static,
        F: Future<Output = Result<Vec<u8>, Fault>> + Send + 'static,
    {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| full())?;
        // A task of its own: a caller that goes away between the store and the start leaves nothing that never runs.
        let begun = self.tasks.spawn(self.clone().begin(place, launch, metadata, work));
        begun.await.map_err(Fault::internal)?
    }

    async fn begin<W, F>(
        self,
        place: OwnedSemaphorePermit,
        launch: Launch,
        metadata: Vec<u8>,
        work: W,
    ) -> Result<View, Fault>
    where
        W: FnOnce(Job) -> F + Send + 'static,
        F: Future<Output = Result<Vec<u8>, Fault>> + Send + 'static,
    {
        let now = clock::now();
        // Ascending with time, so that operations are listed in the order in which they began.
        let id = format!("{:016x}-{:.8}", now.nanos(), uuid::Uuid::new_v4().simple());
        let Launch { owner, request } = launch;
        let new = NewOperation { id, owner, request, metadata: metadata.clone(), time: now };
        let id = match self.tools.store.add_operation(&new).await.map_err(Fault::internal)? {
            Claim::Done(id) => id,
            Claim::Known(first) => return self.get(&first).await,
            Claim::Taken(request) => return Err(request.taken()),
        };
        let job = Job::new(id.clone(), metadata, &self.stop);
        self.lock().insert(id, job.clone());
        let view = job.view();
        let task = self.clone().work(job.clone(), place, async move { work(job).await });
        self.tasks.spawn(task);
        Ok(view)
    }

    /// Waits for its turn, works, and stores the end. Work ends itself where it can be stopped.
    async fn work(
        self,
        job: Job,
        place: OwnedSemaphorePermit,
        work: impl Future<Output = Result<Vec<u8>, Fault>> + Send,
    ) {
        let in_turn = async {
            let _turn = job.or_stopped(async { self.turn.acquire().await.map_err(Fault::internal) }).await?;
            work.await
        };
        let outcome = match in_turn.await {
            Ok(response) => Outcome::Response(response),
            Err(fault) => Outcome::Failure(self.tools.wire.failure(fault)),
        };
        let View { id, metadata, .. } = job.view();
        self.store_end(&id, &metadata, &outcome).await;
        job.end(State::Ended(outcome));
        self.lock().remove(&id);
        drop(place);
    }

    async fn store_end(&self, id: &str, metadata: &[u8], outcome: &Outcome) {
        for attempt in 1..=ATTEMPTS {
            match self.tools.store.update_operation(id, metadata, Some(outcome), clock::now()).await {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, operation = id, attempt, "cannot store an operation's end"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// One operation as it is now.
    ///
    /// # Errors
    /// NOT_FOUND, reason OPERATION_UNKNOWN.
    pub async fn get(&self, id: &str) -> Result<View, Fault> {
        let running = self.lock().get(id).map(Job::view);
        if let Some(view) = running {
            return Ok(view);
        }
        self.tools.store.operation(id).await.map_err(Fault::internal)?.ok_or_else(|| unknown(id))
    }

    /// Operations in the order in which they began, after `after`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, after: &str, limit: usize) -> Result<Vec<View>, Fault> {
        let mut stored = self.tools.store.operations(after, limit).await.map_err(Fault::internal)?;
        let running = self.lock();
        for view in &mut stored {
            if let Some(job) = running.get(&view.id) {
                *view = job.view();
            }
        }
        Ok(stored)
    }

    /// Asks an operation to stop; one that has ended stays as it is.
    ///
    /// # Errors
    /// NOT_FOUND, reason OPERATION_UNKNOWN.
    pub async fn cancel(&self, id: &str) -> Result<(), Fault> {
        self.get(id).await?;
        if let Some(job) = self.lock().get(id) {
            job.cancel();
        }
        Ok(())
    }

    /// Forgets an operation that has ended.
    ///
    /// # Errors
    /// NOT_FOUND, reason OPERATION_UNKNOWN; FAILED_PRECONDITION, reason OPERATION_RUNNING.
    pub async fn delete(&self, id: &str) -> Result<(), Fault> {
        if self.lock().contains_key(id) {
            let text = format!("operations/model/{id} is running; cancel it first");
            return Err(Fault::new(Code::FailedPrecondition, "OPERATION_RUNNING", text));
        }
        let deleted = self.tools.store.delete_operation(id).await.map_err(Fault::internal)?;
        if deleted { Ok(()) } else { Err(unknown(id)) }
    }

    /// The operation when it has ended, or as it is after `at_most`.
    ///
    /// # Errors
    /// NOT_FOUND, reason OPERATION_UNKNOWN.
    pub async fn wait(&self, id: &str, at_most: Duration) -> Result<View, Fault> {
        let watch = self.lock().get(id).map(Job::watch);
        if let Some(mut watch) = watch {
            let ended = watch.wait_for(|view| view.state != State::Running);
            // Time is up, or the work is gone with its end stored: either way the answer is what stands there now.
            drop(tokio::time::timeout(at_most, ended).await);
        }
        self.get(id).await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Job>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(id: &str) -> Fault {
    let name = format!("operations/model/{id}");
    Fault::new(Code::NotFound, "OPERATION_UNKNOWN", format!("there is no {name}")).resource(
        "google.longrunning.Operation",
        name,
        "it never was or was deleted",
    )
}

fn full() -> Fault {
    Fault::new(Code::ResourceExhausted, "TRAINING_QUEUE_FULL", "too many operations wait; try again when one has ended")
        .quota("operations", format!("{QUEUE} of {QUEUE} wait or work"))
        .retry_after(Duration::from_secs(10))
}
