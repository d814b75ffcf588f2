//! How any process of the mesh runs: configuration, telemetry, serving, readiness, calls to each other, storage,
//! compute.
//!
//! A service brings its domain and its gRPC handlers; this crate brings everything else once, so that deadlines,
//! errors, metrics, traces, limits and the drain are alike on every port.

pub mod client;
pub mod clock;
pub mod config;
pub mod context;
pub mod cpu;
pub mod layer;
pub mod methods;
pub mod process;
pub mod readiness;
pub mod serve;
pub mod shutdown;
pub mod status;
pub mod store;
pub mod telemetry;
