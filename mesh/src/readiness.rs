//! Readiness is a dropped latch: whoever must finish before the mesh can serve holds one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// The latches of a process, or of one part of it. Clones share them.
#[derive(Clone, Debug)]
pub struct Readiness {
    shared: Arc<Shared>,
    /// Only latches whose name begins so; empty means all.
    prefix: String,
}

#[derive(Debug)]
struct Shared {
    open: Mutex<BTreeMap<String, Progress>>,
    changed: watch::Sender<u64>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    done: u64,
    total: u64,
    note: String,
}

/// One open latch, as `/readyz` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatchState {
    /// `part/what`, for example `market/import`.
    pub name: String,
    /// Units of work done.
    pub done: u64,
    /// Units of work in all; 0 when not known.
    pub total: u64,
    /// What is being done, in words.
    pub note: String,
}

/// Holds readiness back until it is dropped.
#[derive(Debug)]
pub struct Latch {
    name: String,
    shared: Arc<Shared>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl Readiness {
    /// Ready until a latch is taken.
    pub fn new() -> Self {
        let shared = Shared { open: Mutex::default(), changed: watch::Sender::new(0) };
        Self { shared: Arc::new(shared), prefix: String::new() }
    }

    /// The view of one part: latches named `part/…`.
    #[must_use]
    pub fn part(&self, part: &str) -> Self {
        Self { shared: Arc::clone(&self.shared), prefix: format!("{part}/") }
    }

    /// Holds readiness back under this name until the latch is dropped.
    #[must_use = "a latch that is dropped at once holds nothing back"]
    pub fn latch(&self, name: &str) -> Latch {
        self.shared.lock().insert(name.to_owned(), Progress::default());
        self.shared.notify();
        Latch { name: name.to_owned(), shared: Arc::clone(&self.shared) }
    }

    /// The open latches, in order of their names.
    pub fn open(&self) -> Vec<LatchState> {
        let open = self.shared.lock();
        let state = |(name, progress): (&String, &Progress)| {
            let Progress { done, total, note } = progress.clone();
            LatchState { name: name.clone(), done, total, note }
        };
        open.iter().filter(|(name, _)| name.starts_with(&self.prefix)).map(state).collect()
    }

    /// Whether no latch is open.
    pub fn is_ready(&self) -> bool {
        !self.shared.lock().keys().any(|name| name.starts_with(&self.prefix))
    }

    /// Waits until no latch is open.
    pub async fn ready(&self) {
        let mut changes = self.changes();
        while !self.is_ready() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells of every change: a latch taken, moved or dropped.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Progress>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self) {
        self.changed.send_modify(|version| *version = version.wrapping_add(1));
    }
}

impl Latch {
    /// Says how far the work is.
    pub fn progress(&self, done: u64, total: u64, note: impl Into<String>) {
        self.shared.lock().insert(self.name.clone(), Progress { done, total, note: note.into() });
        self.shared.notify();
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        self.shared.lock().remove(&self.name);
        self.shared.notify();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_ready_when_the_last_latch_drops() {
        let readiness = Readiness::new();
        let first = readiness.latch("market/import");
        let second = readiness.latch("model/train");
        first.progress(3, 6, "NVDA");
        assert_eq!(
            readiness.open()[0],
            LatchState { name: "market/import".into(), done: 3, total: 6, note: "NVDA".into() }
        );
        assert!(!readiness.part("model").is_ready() && readiness.part("gateway").is_ready());
        drop(first);
        let waiting = tokio::spawn({
            let readiness = readiness.clone();
            async move { readiness.ready().await }
        });
        drop(second);
        waiting.await.unwrap();
        assert!(readiness.is_ready());
    }
}
