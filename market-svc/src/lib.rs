//! market-svc: instruments, bars and ticks.
//!
//! An event's path: a feed ([`feed`]) makes [`event::Event`]s, [`market::Market::publish`] appends them to the event
//! log, writes their bars to the [`store`], and then in one step moves the board of newest values ([`snapshot`]), the
//! market clock and the log's visible end. Whatever is visible is therefore stored, and nothing visible lies past the
//! clock. On start the log's tail is written to the store again: the log is the write-ahead log.
//!
//! A request's path: `grpc/` parses it with every bad field named at once, asks the [`market::Market`], and renders the
//! answer; streams are cursors into the log, which tickmesh-fanout serves.

mod app;
pub mod bar;
mod claim;
mod config;
pub mod csv;
mod error;
pub mod event;
pub mod feed;
mod grpc;
pub mod instrument;
pub mod market;
pub mod snapshot;
pub mod store;

pub use app::App;
pub use config::{Config, FeedKind, Synthetic};
pub use error::Error;
