use std::sync::Arc;
use std::time::Duration;

use tickmesh_mesh::client::Backoff;
use tickmesh_mesh::status::{Code, Fault};

use super::rounds::{Due, Next, Seat};
use super::{Book, Run, Start};
use crate::desk::Desk;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// After so many attempts, about a minute, readiness waits no longer for a first allocation.
const ATTEMPTS_TO_START: u32 = 20;

/// Allocates one portfolio.
pub(super) struct Worker {
    pub(super) book: Arc<Book>,
    pub(super) desk: Desk,
    pub(super) run: Run,
    pub(super) start: Start,
    pub(super) seat: Seat,
}

impl Worker {
    /// Does round after round, for ever.
    pub(super) async fn work(self) {
        loop {
            match self.seat.next().await {
                Next::Round(number, due) => {
                    self.allocate(number, &due).await;
                    self.start.settle();
                    self.seat.done(number);
                }
                Next::Lost(count) => {
                    tracing::warn!(book = self.book.id(), count, "a live portfolio is too far behind and skips rounds");
                    self.break_off().await;
                    self.seat.skip();
                }
            }
        }
    }

    /// Tries a round until it is done or waits no more.
    async fn allocate(&self, number: u64, due: &Due) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut attempts = 0;
        while self.seat.is_waiting(number) {
            let (book, as_of) = (self.book.id(), due.round.as_of);
            match self.attempt(due).await {
                Ok(()) => return,
                Err(fault) => tracing::warn!(book, %fault, %as_of, "an allocation has to wait"),
            }
            attempts += 1;
            if attempts == ATTEMPTS_TO_START {
                self.start.settle();
            }
            backoff.wait().await;
        }
    }

    /// Does a round, unless a fault comes that passes. One that does not concerns this portfolio and this round alone,
    /// and is what its subscribers are told of the round.
    async fn attempt(&self, Due { round, run }: &Due) -> Result<(), Fault> {
        // A disk that refused when the run began may not refuse now.
        self.book.belong(&self.run).await.map_err(|error| not_written(&error))?;
        match self.book.advance(&self.desk, round, run).await {
            Err(fault) if !is_passing(&fault) => {
                tracing::warn!(book = self.book.id(), %fault, as_of = %round.as_of, "no weights for this round");
                self.book.refuse(round, run, fault.message()).await
            }
            done => done.map(drop),
        }
    }

    async fn break_off(&self) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        while let Err(error) = self.book.break_off().await {
            tracing::error!(book = self.book.id(), %error, "the log of a live portfolio could not begin anew");
            backoff.wait().await;
        }
    }
}

fn is_passing(fault: &Fault) -> bool {
    matches!(fault.code(), Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled)
}

/// The disk refused: that passes once there is room, or after a restart.
pub(super) fn not_written(error: &dyn std::error::Error) -> Fault {
    let message = format!("an allocation could not be written: {error}");
    Fault::unavailable("NOT_WRITTEN", message, LONGEST_PAUSE)
}
