//! Failures: one code for gRPC and HTTP, one form with details, all bad fields at once.

mod beyond_clock;
mod code;
mod fault;
mod json;
mod symbol;
mod violations;

pub use beyond_clock::beyond_clock;
pub use code::Code;
pub use fault::{DOMAIN, Fault};
pub use symbol::unknown_symbol;
pub use violations::Violations;
