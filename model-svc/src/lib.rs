//! model-svc: bars become forecasts and signals.
//!
//! # A bar's path
//!
//! ```text
//! market-svc ─StreamBars─▶ grpc::market ─▶ pipeline ─▶ live::Engine ─▶ store ─▶ signal log ─▶ StreamSignals
//!                                              ▲            │
//!                        jobs (training) ──────┘            └─▶ shared::Shared (the board) ◀── every request
//! ```
//!
//! The [`pipeline`] is one task: it takes bars in the stream's order, lets the [`live`] engine update features, score
//! the forecast that the bar decides, move the interval's state on and make the next forecast; stores all of it in one
//! transaction; appends the signals to the log; then lets readers see it. A kill anywhere loses and doubles nothing.
//!
//! # A request's path
//!
//! [`grpc`] parses it, naming every bad field; [`ask`], [`holdings`], [`monitor`] or the [`store`] answer; [`grpc`]
//! renders. A forecast of now is one evaluation of the model on the newest row: no SQL, no queue.
//!
//! # A training's path
//!
//! [`jobs`] stores an operation and works off a [`training`] plan on the compute pool: datasets, walk-forward folds,
//! calibration pooled over symbols, figures beside their baselines. The live loop keeps the result as a version, so
//! that its first bar as champion has a place in the order of things.
//!
//! # Rooms
//!
//! | room | what it holds |
//! | --- | --- |
//! | [`features`], [`forest`], [`ridge`] | rows of features; the two families of models |
//! | [`history`], [`dataset`], [`walk_forward`] | bars, labelled rows, folds with purge |
//! | [`calibration`], [`conformal`], [`decision`] | from raw output to expected return, interval and action |
//! | [`family`], [`version`], [`training_range`] | models |
//! | [`training`], [`evaluation`], [`backtest`] | how they are made, and how good they are |
//! | [`forecast`], [`live`], [`monitor`] | forecasts bar by bar, and their scores |
//! | [`ask`], [`batch`], [`holdings`], [`portfolio`] | answers about one symbol, many, and their weighted whole |
//! | [`store`], [`usable`], [`pipeline`], [`jobs`], [`shared`], [`feed`] | what is kept, and what runs |
//! | [`grpc`] | the one room that knows protobuf and tonic |

mod app;
pub mod ask;
pub mod backtest;
pub mod batch;
pub mod calibration;
mod config;
pub mod conformal;
pub mod dataset;
pub mod decision;
mod error;
pub mod evaluation;
pub mod family;
pub mod features;
pub mod feed;
pub mod forecast;
pub mod forest;
pub mod grpc;
pub mod history;
pub mod holdings;
pub mod jobs;
pub mod listing;
pub mod live;
pub mod monitor;
pub mod pipeline;
pub mod portfolio;
pub mod ridge;
pub mod shared;
pub mod store;
#[cfg(test)]
mod testing;
pub mod training;
pub mod training_range;
pub mod usable;
pub mod version;
pub mod walk_forward;

pub use app::App;
pub use config::Config;
pub use error::Error;
