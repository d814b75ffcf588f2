//! portfolio-svc: from prices and forecasts to portfolio weights, once or live.
//!
//! A request's path, Optimize: `grpc` parses it into a [`plan::Plan`] with every bad field named at once; the desk
//! loads the adjusted closes that are not cached yet from market-svc ([`market::Market`]), aligns them on common dates
//! ([`prices::Window`]), asks model-svc for forecasts if the plan wants them ([`model::Model`]), and on the compute
//! pool estimates the moments ([`expected`], [`covariance`]), optimises under the [`limits`] ([`optimise`]) and works
//! out the [`risk`]; the result is rendered back.
//!
//! A live allocation's path: signals of one market date are gathered ([`live::Gather`]), every live portfolio
//! ([`live::Book`]) is optimised from the weights that it held before, the allocation is appended to its log, stored,
//! and published to the subscribers of StreamAllocations.
//!
//! Protobuf and tonic stay in `grpc/`: the doors of this service, and its clients of market-svc ([`market`]) and
//! model-svc ([`model`]). The numerical modules are pure: time, prices and forecasts are arguments.

mod app;
mod config;
pub mod covariance;
mod desk;
mod error;
pub mod expected;
mod grpc;
pub mod limits;
pub mod live;
mod measure;
pub mod optimise;
pub mod plan;
pub mod prices;
pub mod risk;
pub mod store;

pub use grpc::{market, model};

pub use app::App;
pub use config::Config;
pub use error::Error;
