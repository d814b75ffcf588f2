//! The gRPC face: parse, call the domain, render. Protobuf and tonic end here.

mod optimizer;
mod parse;
pub(crate) mod render;
mod stream;

pub(crate) use optimizer::Optimizer;
