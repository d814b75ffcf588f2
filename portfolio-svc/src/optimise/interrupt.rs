use std::fmt;
use std::sync::Arc;

/// Whether the answer is still wanted. Long computations ask between their steps, and end early when it is not: then
/// with [`Status::IterationLimit`](super::Status::IterationLimit), which nobody reads.
///
/// Who computes knows neither clocks nor callers: who calls brings the question.
#[derive(Clone, Default)]
pub struct Interrupt(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Interrupt {
    /// Asks `is_set`, which must be cheap.
    pub fn new(is_set: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_set)))
    }

    /// Whether to end. Without a question the answer is always wanted.
    pub fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|is_set| is_set())
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.is_set()).finish()
    }
}
