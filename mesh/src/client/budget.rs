use std::sync::{Mutex, PoisonError};

use super::policy::Throttling;

/// Holds retries to a share of the calls, as gRPC's retry throttling (proposal A6) has it: a failure costs a token, a
/// success gives back a fraction of one, and with half of them gone nothing is tried again.
#[derive(Debug)]
pub(super) struct Budget {
    throttling: Throttling,
    tokens: Mutex<f64>,
}

impl Budget {
    pub(super) fn new(throttling: Throttling) -> Self {
        Self { throttling, tokens: Mutex::new(throttling.max_tokens) }
    }

    pub(super) fn succeeded(&self) {
        self.add(self.throttling.token_ratio);
    }

    /// Notes a failure; true if the call may be tried again.
    pub(super) fn failed(&self) -> bool {
        self.add(-1.0) > self.throttling.max_tokens / 2.0
    }

    fn add(&self, amount: f64) -> f64 {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = (*tokens + amount).clamp(0.0, self.throttling.max_tokens);
        *tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_not_multiplied_and_success_earns_retries_back() {
        let budget = Budget::new(Throttling { max_tokens: 10.0, token_ratio: 0.1 });
        let retried = (0..1000).filter(|_| budget.failed()).count();
        assert_eq!(retried, 4, "1,000 failing calls are tried again 4 times");
        (0..1000).for_each(|_| budget.succeeded());
        assert!(budget.failed());
    }

    #[test]
    fn in_the_long_run_one_in_ten_calls_is_tried_again() {
        let budget = Budget::new(Throttling { max_tokens: 10.0, token_ratio: 0.1 });
        let mut retried = 0;
        for call in 0..10_000 {
            match call % 4 {
                0 => retried += usize::from(budget.failed()),
                _ => budget.succeeded(),
            }
        }
        assert!(retried <= 1000, "{retried} of 10,000");
    }
}
