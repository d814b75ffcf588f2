//! The gRPC face: parse, call the domain, render; and the clients of the services that this one calls. Protobuf and
//! tonic end here.

mod event;
pub mod market;
pub mod model;
mod optimizer;
mod order;
mod parse;
mod render;
mod stream;
mod wire;

pub(crate) use optimizer::Optimizer;
pub(crate) use wire::ProtoWire;
