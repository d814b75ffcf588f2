use std::time::Duration;

use tokio::time::sleep;

/// Waits between attempts: exponentially longer, at a random moment within (full jitter), so that many who lost the
/// same server do not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

impl Backoff {
    /// The first wait is up to `first`, each other up to twice as long, none longer than `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, attempts: 0 }
    }

    /// Waits before the next attempt.
    pub async fn wait(&mut self) {
        sleep(self.delay()).await;
    }

    /// Begins again: for when an attempt succeeded.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// How long to wait before the next attempt, for those who wait otherwise than by [`wait`](Self::wait).
    pub fn delay(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.attempts = self.attempts.saturating_add(1);
        ceiling.mul_f64(rand::random())
    }

    fn ceiling(&self) -> Duration {
        self.first.saturating_mul(2u32.saturating_pow(self.attempts)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_its_longest_and_begins_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let mut ceilings = Vec::new();
        for _ in 0..5 {
            let ceiling = backoff.ceiling();
            assert!(backoff.delay() <= ceiling);
            ceilings.push(ceiling.as_millis());
        }
        assert_eq!(ceilings, [100, 200, 400, 800, 1000]);
        backoff.attempts = u32::MAX;
        assert_eq!(backoff.ceiling(), Duration::from_secs(1));
        backoff.reset();
        assert_eq!(backoff.ceiling(), Duration::from_millis(100));
    }
}
