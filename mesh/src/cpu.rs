//! The compute pool: work that takes the processor for long runs here and never on the async workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::status::{Code, Fault};

/// Threads for computation behind a bounded queue. Clones share them.
#[derive(Clone, Debug)]
pub struct CpuPool {
    threads: Arc<rayon::ThreadPool>,
    places: Arc<Semaphore>,
    capacity: usize,
}

/// Whether the caller still waits: it does not when its deadline has passed or its client has gone. Clones agree.
#[derive(Clone, Debug)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// Whether the work is worth going on with.
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lives as long as the caller waits.
struct Caller(Wanted);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}

impl CpuPool {
    /// `threads` threads; at most `queue` jobs wait or run, one more is refused.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn new(threads: usize, queue: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("cpu-{i}")).build()?;
        Ok(Self { threads: Arc::new(pool), places: Arc::new(Semaphore::new(queue)), capacity: queue })
    }

    /// Runs `work` on the pool; rayon's parallel iterators inside it use the same threads.
    ///
    /// A caller that goes away does not stop work that has begun; work that has not is skipped.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED, reason CPU_QUEUE_FULL, when the queue is full; INTERNAL if the work panics.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| self.full())?;
        let (answer, answered) = oneshot::channel();
        self.threads.spawn(move || {
            if answer.is_closed() {
                return;
            }
            // Unwinding ends in this closure, and what it leaves half-done is dropped with it.
            let result = catch_unwind(AssertUnwindSafe(work));
            drop(place); // before the answer: who has it may send the next job
            drop(answer.send(result));
        });
        match answered.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(Fault::internal(describe(panic.as_ref()))),
            Err(_) => Err(Fault::internal("the compute pool dropped a job")),
        }
    }

    /// As [`run`](Self::run), for work that can end early: it asks [`Wanted`] between its steps.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_while_wanted<T: Send + 'static>(
        &self,
        work: impl FnOnce(Wanted) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let _caller = Caller(wanted.clone());
        self.run(move || work(wanted)).await
    }

    fn full(&self) -> Fault {
        Fault::new(Code::ResourceExhausted, "CPU_QUEUE_FULL", "the compute queue is full; try again")
            .quota("compute queue", format!("{0} of {0} jobs", self.capacity))
            .retry_after(Duration::from_secs(1))
    }
}

/// A panic's message, if it has one.
pub(crate) fn describe(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_learns_that_its_caller_has_gone() {
        let pool = CpuPool::new(1, 2).unwrap();
        let (began, begins) = tokio::sync::oneshot::channel();
        let work = pool.run_while_wanted(move |wanted| {
            began.send(wanted.is_wanted()).unwrap();
            while wanted.is_wanted() {
                std::thread::yield_now();
            }
        });
        {
            let mut work = std::pin::pin!(work);
            tokio::select! {
                _ = &mut work => panic!("it goes on while somebody waits"),
                wanted = begins => assert!(wanted.unwrap()),
            }
        }
        assert_eq!(pool.run(|| 1).await, Ok(1), "the only thread is free again");
    }

    #[tokio::test]
    async fn runs_refuses_and_survives_panics() {
        let pool = CpuPool::new(1, 1).unwrap();
        assert_eq!(pool.run(|| 6 * 7).await, Ok(42));
        let panicked = pool.run(|| -> u8 { panic!("boom") }).await.unwrap_err();
        assert_eq!(panicked.code(), Code::Internal);
        assert!(!panicked.message().contains("boom"), "a caller learns an id, not our insides");
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let busy = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(move || wait.recv()).await }
        });
        while pool.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| ()).await.unwrap_err().reason(), "CPU_QUEUE_FULL");
        drop(go);
        busy.await.unwrap().unwrap().unwrap_err();
    }
}
