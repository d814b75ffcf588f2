use crate::plan::{Allocation, Held, Plan};

/// Encodes what live portfolios log and store. The gRPC face brings it, so that nothing here knows its messages.
pub trait Wire: Send + Sync {
    /// An allocation as the event that streams send.
    fn event(&self, allocation: &Allocation) -> Vec<u8>;
    /// What is held after an event; `None` if its optimisation was not solved.
    fn held(&self, event: &[u8]) -> Option<Held>;
    /// A plan as it is stored; equal plans have equal encodings, in any later version too.
    fn order(&self, plan: &Plan) -> Vec<u8>;
    /// The plan of an order; `None` for one that is not understood or allowed any more.
    fn plan(&self, order: &[u8]) -> Option<Plan>;
}
