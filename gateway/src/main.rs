//! The process `gateway`: telemetry, configuration, port, doors, run until told to stop.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use gateway::{App, Config};
use serde::{Deserialize, Serialize};
use tickmesh_mesh::config::{ConfigError, Sources};
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::{BindError, Setup, bind};
use tickmesh_mesh::{config, shutdown, telemetry};

/// `TICKMESH_GATEWAY__…`; a TOML file of the same keys by `TICKMESH_CONFIG`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Process {
    data_dir: PathBuf,
    gateway: Config,
}

impl Default for Process {
    fn default() -> Self {
        Self { data_dir: ".tickmesh".into(), gateway: Config::default() }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway: {error}");
            exit_code(error.as_ref())
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    telemetry::init("info", telemetry::LogFormat::Auto)?;
    let Process { data_dir, gateway } = config::load(Sources::new().env(std::env::vars()))?.config;
    let listener = bind(gateway.addr, "TICKMESH_GATEWAY__ADDR")?;
    // The gateway computes nothing: one idle thread stands for the pool.
    let setup = Setup { listener, readiness: Readiness::new(), cpu: CpuPool::new(1, 1)?, data_dir };
    let app = App::build(gateway, setup).await?;
    tracing::info!(addr = %app.addr(), "gateway serves");
    Ok(app.run(shutdown::signal()?).await?)
}

/// 64 for what its user must change, as sysexits has it.
fn exit_code(error: &(dyn Error + 'static)) -> ExitCode {
    let by_configuration = error.downcast_ref::<ConfigError>().map(ConfigError::exit_code);
    let by_address = error.downcast_ref::<BindError>().map(BindError::exit_code);
    by_configuration.or(by_address).unwrap_or(1).into()
}
