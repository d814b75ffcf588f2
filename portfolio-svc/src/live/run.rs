use std::sync::{Arc, PoisonError, RwLock};

/// The run of the feed, as it was known last: the epoch of the signals. Clones share it.
#[derive(Clone, Debug)]
pub struct Run(Arc<RwLock<Option<Arc<str>>>>);

impl Run {
    /// This one, or none that is known.
    pub fn new(run: Option<Arc<str>>) -> Self {
        Self(Arc::new(RwLock::new(run)))
    }

    /// Which it is.
    pub fn now(&self) -> Option<Arc<str>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another one has begun, or the same goes on.
    pub fn set(&self, run: &Arc<str>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(run));
    }
}
