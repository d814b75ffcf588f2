use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::status::Fault;

/// Pause before a full compute queue is tried again. Long work has time; calls of clients go first.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs work on the compute pool, waiting for a place in its queue.
pub(super) async fn patiently<T: Send + 'static>(
    cpu: &CpuPool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    // A refused attempt leaves the work here, with all that it holds.
    let work = Arc::new(Mutex::new(Some(work)));
    loop {
        let turn = Arc::clone(&work);
        let take = move || turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        match cpu.run(move || take().map(|work| work())).await {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => return Err(Fault::internal("work on the compute pool began twice")),
            Err(fault) if fault.reason() == "CPU_QUEUE_FULL" => tokio::time::sleep(PAUSE).await,
            Err(fault) => return Err(fault),
        }
    }
}
