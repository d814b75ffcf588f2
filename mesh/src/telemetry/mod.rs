//! Logs and metrics of a process, set up once by its `main`.
//!
//! On a terminal logs are for people; elsewhere each is one line of JSON with `time`, `level`, `target`, `message`, and
//! within a call `trace_id`, `span_id`, `request_id`, `rpc_method`, `peer`, at its end `rpc_code` and `duration_ms`.
//! Metrics are Prometheus histograms with explicit buckets in seconds and counters; every port of the process shows all
//! of them under `/metrics`, told apart by the label `part`.

mod figures;
pub(crate) mod json;

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) use figures::{render, upkeep};

/// How logs look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// A filter that is none.
#[derive(Debug, thiserror::Error)]
#[error("{filter:?} is no log filter such as info or tickmesh_mesh=debug,warn: {source}")]
pub struct FilterError {
    filter: String,
    source: tracing_subscriber::filter::ParseError,
}

impl FilterError {
    /// The process's exit code: 64, a mistake in how it was called.
    pub fn exit_code(&self) -> u8 {
        64
    }
}

/// Sets up logs to standard error and metrics for the whole process; a process that has logs already keeps them.
///
/// `filter` is in the form of `RUST_LOG`, for example `info,tickmesh_mesh=debug`.
///
/// # Errors
/// If the filter is none.
pub fn init(filter: &str, format: LogFormat) -> Result<(), FilterError> {
    let level = EnvFilter::try_new(filter).map_err(|source| FilterError { filter: filter.to_owned(), source })?;
    let registry = tracing_subscriber::registry().with(level);
    let is_human = match format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    // An error means that another subscriber is there, as in tests: it then has the logs.
    drop(if is_human {
        registry.with(layer.with_ansi(io::stderr().is_terminal())).try_init()
    } else {
        registry.with(layer.fmt_fields(JsonFields::new()).event_format(json::Flat)).try_init()
    });
    install_metrics();
    Ok(())
}

/// Sets up the process's metrics alone: for programs and tests that have logs of their own. Again does nothing.
pub fn install_metrics() {
    figures::install();
}
