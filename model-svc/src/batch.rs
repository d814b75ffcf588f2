//! Many questions in one call: when its time is up, those that are left fail, and the others keep their answers.

use tickmesh_mesh::status::{Code, Fault};
use tokio::time::{Instant, sleep_until};

/// Symbols of a batch that are worked on at a time: enough to keep the compute pool busy, few enough to leave it room.
pub const AT_A_TIME: usize = 8;

/// The time that a batch has.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// When it has to be content with what it has; none means never.
    enough: Option<Instant>,
}

impl Batch {
    /// A batch that begins now and has until its call's deadline, less a tenth, so that the answers still arrive.
    #[must_use]
    pub fn begun(now: Instant, deadline: Option<Instant>) -> Self {
        let enough = |deadline: Instant| deadline - deadline.saturating_duration_since(now).mul_f64(0.1);
        Self { enough: deadline.map(enough) }
    }

    /// The answer to one question; one whose turn comes too late is not begun.
    ///
    /// # Errors
    /// DEADLINE_EXCEEDED, reason DEADLINE_EXCEEDED; else as the answer.
    pub async fn answer<T>(&self, answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let Some(enough) = self.enough else { return answer.await };
        tokio::select! {
            biased;
            () = sleep_until(enough) => Err(late()),
            answer = answer => answer,
        }
    }
}

fn late() -> Fault {
    let text = "the call's deadline was near before this symbol's turn";
    Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_has_no_time_left_fails_alone() {
        let begun = Instant::now();
        let batch = Batch::begun(begun, Some(begun + Duration::from_millis(100)));
        assert_eq!(batch.enough, Some(begun + Duration::from_millis(90)), "the answers have some time to arrive");
        assert_eq!(batch.answer(async { Ok(3) }).await, Ok(3));
        let endless = std::future::pending::<Result<(), Fault>>();
        assert_eq!(batch.answer(endless).await.unwrap_err().code(), Code::DeadlineExceeded, "it began in time");
        let unstarted = async { panic!("it does not begin") };
        assert_eq!(batch.answer::<()>(unstarted).await.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(Batch::begun(begun, None).answer(async { Ok(9) }).await, Ok(9));
    }
}
