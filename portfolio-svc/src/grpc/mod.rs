//! The gRPC face: parse, call the domain, render; and the clients of the services that this one calls. Protobuf and tonic
//! end here.

pub(crate) mod event;
pub mod market;
pub mod model;
mod optimizer;
pub(crate) mod order;
mod parse;
mod render;
mod stream;

pub(crate) use optimizer::Optimizer;
