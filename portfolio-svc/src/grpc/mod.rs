//! The gRPC face: parse, call the domain, render. Protobuf and tonic end here.

pub(crate) mod event;
mod optimizer;
mod parse;
mod render;
mod stream;

pub(crate) use optimizer::Optimizer;
