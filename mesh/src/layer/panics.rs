use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt as _;

use crate::cpu::describe;
use crate::status::Fault;

/// Awaits `work`; a panic becomes INTERNAL with an id.
pub(super) async fn caught<F: Future>(work: F) -> Result<F::Output, Fault> {
    // The future is dropped when it panics, so nobody sees what it left half-done.
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.map_err(|panic| Fault::internal(describe(panic.as_ref())))
}

/// Runs `step`; a panic becomes INTERNAL with an id. What `step` borrows must not be used after that.
pub(super) fn caught_in<T>(step: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|panic| Fault::internal(describe(panic.as_ref())))
}
