use tokio::sync::watch;

/// Lets a feed begin: whoever starts the mesh opens it when what depends on the feed is in place.
#[derive(Clone, Debug)]
pub struct FeedGate(watch::Sender<bool>);

/// The feed's side of a [`FeedGate`].
#[derive(Clone, Debug)]
pub struct Gated(watch::Receiver<bool>);

impl FeedGate {
    /// A closed gate and the side that waits at it.
    pub fn closed() -> (Self, Gated) {
        let (open, opened) = watch::channel(false);
        (Self(open), Gated(opened))
    }

    /// Lets the feed begin. Again does nothing.
    pub fn open(&self) {
        self.0.send_replace(true);
    }
}

impl Gated {
    /// Waits until the gate is open; forever if whoever could open it is gone.
    pub async fn opened(mut self) {
        if self.0.wait_for(|open| *open).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
