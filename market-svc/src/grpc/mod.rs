//! The gRPC face: parse, call the domain, render. Protobuf and tonic end here.

mod ingest;
mod market;
mod page_token;
mod parse;
mod render;
mod source;
mod wire;

pub(crate) use ingest::Ingest;
pub(crate) use market::MarketDoor;
pub(crate) use wire::PROTOBUF;
