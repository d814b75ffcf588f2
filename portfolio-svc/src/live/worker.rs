use std::sync::Arc;
use std::time::Duration;

use tickmesh_mesh::client::Backoff;
use tickmesh_mesh::status::{Code, Fault};
use tokio::sync::{broadcast, mpsc};

use super::{Book, Round, Start};
use crate::desk::Desk;
use crate::store::StateStore;

/// How often a round is tried when a service it needs does not answer: for about a minute.
const ATTEMPTS: u32 = 20;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// A round of signals in its run of the feed.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) round: Arc<Round>,
    pub(super) run: Arc<str>,
}

/// What the default portfolio is told, in order.
#[derive(Debug)]
pub(super) enum Task {
    /// A round to allocate.
    Allocate(Due),
    /// A place in the signals: all up to it was told before.
    Keep { run: Arc<str>, cursor: String },
}

/// Allocates the default portfolio, and keeps how far the signals led to allocations of it.
pub(super) async fn lead(
    book: Arc<Book>,
    desk: Desk,
    store: StateStore,
    start: Start,
    mut tasks: mpsc::Receiver<Task>,
) {
    while let Some(task) = tasks.recv().await {
        match task {
            Task::Allocate(due) => {
                allocate(&book, &desk, &due).await;
                start.settle();
            }
            Task::Keep { run, cursor } if book.belongs_to(&run).await => {
                if let Err(error) = store.keep_signals(&run, &cursor).await {
                    tracing::error!(%error, "how far the signals were read could not be stored");
                }
            }
            Task::Keep { .. } => {} // of a run that is over
        }
    }
}

/// Allocates a portfolio beside the default one. If it cannot keep up, it goes on from the rounds that still wait.
pub(super) async fn follow(book: Arc<Book>, desk: Desk, mut rounds: broadcast::Receiver<Due>) {
    loop {
        match rounds.recv().await {
            Ok(due) => allocate(&book, &desk, &due).await,
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(book = book.id(), missed, "a live portfolio cannot keep up and skips rounds");
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// A service that does not answer is asked again for a while; anything else concerns this portfolio and this round alone.
async fn allocate(book: &Book, desk: &Desk, Due { round, run }: &Due) {
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    for attempt in 1..=ATTEMPTS {
        match book.advance(desk, round, run).await {
            Ok(_) => return,
            Err(fault) if is_passing(&fault) && attempt < ATTEMPTS => {
                tracing::warn!(book = book.id(), %fault, as_of = %round.as_of, "an allocation has to wait");
                backoff.wait().await;
            }
            Err(fault) => {
                tracing::warn!(book = book.id(), %fault, as_of = %round.as_of, "no allocation for this round");
                return;
            }
        }
    }
}

fn is_passing(fault: &Fault) -> bool {
    matches!(fault.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled)
}
