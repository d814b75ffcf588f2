use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use futures_util::task::AtomicWaker;

/// Stands between a stream and its client's connection: passes each wake on and remembers it.
///
/// A stream that was woken and is not polled has something for a client that does not take it; a stream that was not
/// woken waits by itself. From outside nothing else tells the two apart.
#[derive(Default)]
pub(crate) struct Bell {
    rung: AtomicBool,
    client: AtomicWaker,
}

impl Bell {
    /// The client is about to poll: it has heard the bell, and wants to hear it again.
    pub(crate) fn answer(&self, client: &std::task::Waker) {
        self.client.register(client);
        self.rung.store(false, Ordering::Relaxed);
    }

    /// Whether the client was woken and has not come.
    pub(crate) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Relaxed)
    }

    /// Wakes the client.
    pub(crate) fn ring(&self) {
        self.rung.store(true, Ordering::Relaxed);
        self.client.wake();
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
