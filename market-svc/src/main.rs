//! The process `market-svc`: telemetry, configuration, port, parts, run until told to stop.

use std::error::Error;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};
use tickmesh_mesh::config::{self, ConfigError, Sources};
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::{Setup, bind};
use tickmesh_mesh::{shutdown, telemetry};

/// `TICKMESH_DATA_DIR`, `TICKMESH_MARKET__…`; a TOML file of the same keys by `TICKMESH_CONFIG`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Process {
    data_dir: PathBuf,
    market: market_svc::Config,
}

impl Default for Process {
    fn default() -> Self {
        Self { data_dir: ".tickmesh".into(), market: market_svc::Config::default() }
    }
}

/// Why the process ends: its exit code, and one line that says what to do.
struct Refusal(u8, String);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refusal(code, line)) => {
            eprintln!("market-svc: {line}");
            ExitCode::from(code)
        }
    }
}

async fn run() -> Result<(), Refusal> {
    telemetry::init("info", telemetry::LogFormat::Auto).map_err(plain)?;
    let Process { data_dir, market } = config().map_err(|e| Refusal(e.exit_code(), e.to_string()))?;
    let listener = bind(market.addr, "TICKMESH_MARKET__ADDR").map_err(|e| Refusal(e.exit_code(), e.to_string()))?;
    let cpu = CpuPool::new(available_parallelism().map_or(1, NonZero::get), 256).map_err(plain)?;
    let setup = Setup { listener, readiness: Readiness::new(), cpu, data_dir };
    let ours = |e: market_svc::Error| Refusal(e.exit_code(), e.to_string());
    let app = market_svc::App::build(market, setup).await.map_err(ours)?;
    app.feed_gate().open();
    tracing::info!(addr = %app.addr(), "market-svc serves");
    app.run(shutdown::signal().map_err(plain)?).await.map_err(ours)
}

fn config() -> Result<Process, ConfigError> {
    Ok(config::load(Sources::new().env(std::env::vars()))?.config)
}

fn plain(error: impl Error) -> Refusal {
    Refusal(1, error.to_string())
}
