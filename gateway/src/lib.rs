//! The gateway: one port, every door of the mesh.
//!
//! It knows the services by their descriptors and never by their code, so a new rpc in the contracts is reachable
//! through every door at once. A request's path:
//!
//! - **native gRPC and gRPC-Web** ([`proxy`]): the service's name says which part of the mesh is meant, bytes and
//!   trailers pass through. Long-running operations go to the part in their name ([`operations`]).
//! - **REST** ([`transcode`]): verb and path find a method by its `google.api.http` rule ([`template`]), path, query
//!   ([`query`]) and body ([`decode`]) make its message, the answer is rendered as JSON ([`render`]); streams answer in
//!   NDJSON or as server-sent events.
//! - **WebSocket** ([`websocket`]): all live streams of a browser tab over one socket.
//! - **pages**: the dashboard and the reference ([`pages`], [`openapi`]); `/health` ([`health`]).
//!
//! Limits, identity, deadlines of gRPC, the guard against foreign pages and CORS are the layer of
//! [`tickmesh_mesh::serve::Server`], which stands above all of them.

mod app;
pub mod codec;
mod config;
pub mod contract;
pub mod decode;
pub mod doors;
mod error;
mod farewell;
mod finite;
mod grpc_only;
pub mod health;
mod live;
pub mod openapi;
pub mod operations;
pub mod pages;
mod percent;
pub mod proxy;
pub mod query;
pub mod render;
pub mod template;
#[cfg(test)]
mod testing;
mod trailers;
pub mod transcode;
mod unsized_body;
pub mod upstreams;
pub mod websocket;

pub use app::App;
pub use config::Config;
pub use error::Error;
