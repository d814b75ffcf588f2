//! The event log and the rules of every live stream, once for StreamTicks, StreamBars, StreamSignals and
//! StreamAllocations.

pub mod cursor;
pub mod log;
mod metrics;
pub mod topic;
mod wire;

pub use tonic::Status as Fault;
