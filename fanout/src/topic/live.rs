use std::sync::Arc;
use std::time::Duration;

use tickmesh_proto::r#type::v1::Delivery;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Subscription, Wanted};
use crate::log::{Cut, Dropped, Log, Matcher, Position};
use crate::wire::MAX_EVENTS_BYTES;

/// A subscriber's cursor in the log, and when it may send again.
pub(crate) struct Live {
    matcher: Matcher,
    policy: Policy,
    /// Everything selected up to here was sent or superseded.
    position: Position,
    /// Before this, events are held back, so that many of them share a message.
    earliest: Instant,
    /// The least time between two messages that are not behind.
    batch_window: Duration,
}

/// What slowness costs this subscriber.
enum Policy {
    /// Time: it lags.
    All,
    /// Values that newer ones have superseded.
    Latest {
        /// The least time between two messages.
        min_interval: Duration,
        /// Where the values of several messages were taken, so that a key that changes all the time is not put off for
        /// ever.
        until: Option<Position>,
    },
}

impl Live {
    pub(crate) fn new(subscription: &Subscription, wanted: Arc<Wanted>, batch_window: Duration, now: Instant) -> Self {
        let policy = match subscription.delivery {
            Delivery::Latest => Policy::Latest { min_interval: subscription.min_interval, until: None },
            Delivery::All | Delivery::Unspecified => Policy::All,
        };
        Self { matcher: Matcher::new(wanted), policy, position: Position::START, earliest: now, batch_window }
    }

    /// Goes on after a place.
    pub(crate) fn begin(&mut self, position: Position) {
        self.position = position;
    }

    /// Everything selected up to here was sent or superseded.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Waits until there is something new and it may be sent.
    pub(crate) async fn woken(&self, head: &mut watch::Receiver<Position>) {
        if head.wait_for(|head| *head > self.position).await.is_err() {
            // The log is gone, which cannot happen while the stream holds it.
            std::future::pending::<()>().await;
        }
        // A timer that is over already would still wait for the runtime's next turn.
        if Instant::now() < self.earliest {
            sleep_until(self.earliest).await;
        }
    }

    /// The events for the next message, if there are any and they may be sent.
    pub(crate) fn read(&mut self, log: &Log, now: Instant) -> Result<Option<Cut>, Dropped> {
        if now < self.earliest {
            return Ok(None);
        }
        let (before, head) = (self.position, log.head());
        let read = match &mut self.policy {
            Policy::All => log.read_all(self.position, &mut self.matcher, MAX_EVENTS_BYTES)?,
            Policy::Latest { until, .. } => {
                let target = until.unwrap_or(head);
                let read = log.read_latest(self.position, target, &mut self.matcher, MAX_EVENTS_BYTES);
                *until = (read.through < target).then_some(target);
                read
            }
        };
        self.position = read.through;
        let sent = read.cut.events > 0;
        if sent || self.position > before {
            self.earliest = now + self.pause(sent, self.position < head);
        }
        Ok(sent.then_some(read.cut))
    }

    /// How long to hold back after a read. Also one that found nothing for this stream: on a busy feed it would be
    /// woken for every event of others.
    fn pause(&self, sent: bool, behind: bool) -> Duration {
        let window = if behind { Duration::ZERO } else { self.batch_window };
        match self.policy {
            Policy::Latest { min_interval, .. } if sent => min_interval.max(window),
            Policy::All | Policy::Latest { .. } => window,
        }
    }
}
