use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tonic::Status;

use super::slot::{Sight, Slot};
use super::{Shared, Wanted, faults};
use crate::log::Matcher;
use crate::metrics;

/// How many times within `max_stall` streams are looked at; a stall is noticed late by one part at most.
const LOOKS: u32 = 30;

/// The streams of a topic that may stall.
#[derive(Default)]
pub(crate) struct Watched(Mutex<Vec<Entry>>);

struct Entry {
    slot: Weak<Slot>,
    wanted: Arc<Wanted>,
    /// The cursor that the client came with.
    resume_after: Option<String>,
    request_id: Option<Arc<str>>,
    seen: Option<Sight>,
    /// Since when events wait and the client takes nothing.
    waiting: Option<Instant>,
}

impl Watched {
    pub(crate) fn add(
        &self,
        slot: &Arc<Slot>,
        wanted: Arc<Wanted>,
        resume_after: Option<String>,
        request_id: Option<Arc<str>>,
    ) {
        let entry = Entry { slot: Arc::downgrade(slot), wanted, resume_after, request_id, seen: None, waiting: None };
        self.0.lock().expect("nothing panics while it holds the lock").push(entry);
    }

    /// How many streams wait for their client, as far as the last look saw.
    #[cfg(test)]
    pub(crate) fn stalled(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|entry| entry.waiting.is_some()).count()
    }

    fn look(&self, topic: &Shared, now: Instant) {
        let mut entries = self.0.lock().expect("nothing panics while it holds the lock");
        entries.retain_mut(|entry| match entry.slot.upgrade() {
            Some(slot) => entry.look(&slot, topic, now),
            None => false,
        });
    }
}

impl Entry {
    /// Notes what the stream does and ends it if it has stalled for too long. Says whether to go on watching.
    fn look(&mut self, slot: &Slot, topic: &Shared, now: Instant) -> bool {
        let sight = slot.look();
        let moved = sight.is_none() || self.seen.map(|seen| seen.polls) != sight.map(|sight| sight.polls);
        self.seen = sight;
        if moved {
            self.waiting = None;
        }
        if self.waiting.is_none() && sight.is_some_and(|sight| sight.clients_turn) && self.events_wait(slot, topic) {
            self.waiting = Some(now);
        }
        let stalled = self.waiting.is_some_and(|since| now - since >= topic.config.max_stall);
        if stalled {
            slot.end(self.too_slow(slot, topic));
        }
        !stalled
    }

    fn events_wait(&self, slot: &Slot, topic: &Shared) -> bool {
        let Some(place) = slot.place().get() else { return true };
        place < topic.log.head() && topic.log.any_after(place, &mut Matcher::new(Arc::clone(&self.wanted)))
    }

    fn too_slow(&self, slot: &Slot, topic: &Shared) -> Status {
        metrics::slow_consumer(topic.config.name, "stalled");
        let request_id = self.request_id.as_deref();
        tracing::info!(topic = topic.config.name, request_id, "ended a stream whose client takes nothing");
        let told = slot.place().get().map(|place| topic.log.cursor(place));
        let fault = faults::slow_consumer(told.or_else(|| self.resume_after.clone()));
        faults::status(fault, request_id)
    }
}

/// Watches over the streams of a topic until the topic and all of its streams are gone.
pub(crate) async fn watch(topic: Weak<Shared>, max_stall: Duration) {
    let mut looks = interval((max_stall / LOOKS).max(Duration::from_millis(1)));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Some(topic) = topic.upgrade() else { return };
        topic.watched.look(&topic, Instant::now());
    }
}
