use std::sync::{Arc, Mutex, PoisonError};

use tickmesh_mesh::readiness::Latch;

/// Holds readiness back on a first start, until there is an allocation or it is clear that none comes soon. Clones
/// share it.
#[derive(Clone, Debug)]
pub struct Start(Arc<Mutex<Option<Latch>>>);

impl Start {
    /// Not settled while it has the latch.
    pub(super) fn new(latch: Option<Latch>) -> Self {
        Self(Arc::new(Mutex::new(latch)))
    }

    /// Holds nothing back any more.
    pub fn settle(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Whether readiness is held back.
    pub(super) fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}
