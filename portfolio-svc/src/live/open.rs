use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::Book;
use super::worker::Worker;

/// A portfolio beside the default one with the task that allocates it.
pub(super) struct Open {
    pub(super) book: Arc<Book>,
    /// Ends the task.
    end: CancellationToken,
    /// Taken by whoever waits for that.
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Open {
    /// Lets the worker allocate its portfolio until `end`.
    pub(super) fn new(worker: Worker, end: CancellationToken) -> Self {
        let (book, ended) = (Arc::clone(&worker.book), end.clone());
        let span = tracing::info_span!("portfolio_book", id = book.id());
        let work = async move { ended.run_until_cancelled(worker.work()).await.unwrap_or_default() };
        Self { book, end, task: Mutex::new(Some(tokio::spawn(work.instrument(span)))) }
    }

    /// Ends the task and waits for that: nobody writes the portfolio's log then.
    pub(super) async fn close(&self) {
        self.end.cancel();
        if let Some(task) = self.task.lock().await.take() {
            // A panic has been reported where it happened.
            let _ = task.await;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end.cancel();
    }
}
