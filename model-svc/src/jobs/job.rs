use std::sync::Arc;

use tickmesh_mesh::status::{Code, Fault};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::store::{Operation, State};

/// An operation as callers see it.
pub type View = Operation;

/// A running operation: whoever works on it reports here, whoever watches it reads here.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Cancelled when a caller asks for it.
    cancel: CancellationToken,
    /// Cancelled when the service stops.
    stop: CancellationToken,
    view: Arc<watch::Sender<View>>,
}

impl Job {
    pub(super) fn new(id: String, metadata: Vec<u8>, stop: &CancellationToken) -> Self {
        let view = Arc::new(watch::Sender::new(Operation { id, metadata, state: State::Running }));
        Self { cancel: stop.child_token(), stop: stop.clone(), view }
    }

    /// Says how far the work is.
    pub(super) fn report(&self, metadata: Vec<u8>) {
        self.view.send_modify(|view| view.metadata = metadata);
    }

    pub(super) fn end(&self, state: State) {
        self.view.send_modify(|view| view.state = state);
    }

    pub(super) fn view(&self) -> View {
        self.view.borrow().clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Does a part of the work that may be left half-done: ends early when the work is to stop. What must be whole once
    /// it has begun, as keeping what was made, is done outside of this.
    pub(super) async fn or_stopped<T>(&self, part: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.stopped()),
            done = part => done,
        }
    }

    /// Whether the work is to stop; cheap enough to ask after each tree.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// How work that was stopped ends.
    pub(super) fn stopped(&self) -> Fault {
        if self.stop.is_cancelled() {
            interrupted()
        } else {
            Fault::new(Code::Cancelled, "CANCELLED", "the operation was cancelled on request")
        }
    }
}

/// How an operation ends that the process did not live to end.
pub(super) fn interrupted() -> Fault {
    let text =
        "the service stopped before the operation had ended; models that it had finished are kept, start it again";
    Fault::new(Code::Aborted, "INTERRUPTED", text)
}
