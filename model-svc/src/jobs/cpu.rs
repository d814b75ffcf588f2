use std::sync::Arc;
use std::time::Duration;

use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::status::Fault;

/// Pause before a full compute queue is tried again. Long work has time; calls of clients go first.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs work on the compute pool, waiting for a place in its queue.
pub(super) async fn patiently<T: Send + 'static>(
    cpu: &CpuPool,
    work: impl Fn() -> T + Send + Sync + 'static,
) -> Result<T, Fault> {
    let work = Arc::new(work);
    loop {
        let turn = Arc::clone(&work);
        match cpu.run(move || turn()).await {
            Err(fault) if fault.reason() == "CPU_QUEUE_FULL" => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
}
