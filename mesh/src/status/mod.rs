//! Failures: one code for gRPC and HTTP, one form with details, all bad fields at once.

mod code;
mod fault;
mod json;
mod violations;

pub use code::Code;
pub use fault::{DOMAIN, Fault};
pub use violations::Violations;
