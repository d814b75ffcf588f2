//! The process `model-svc`: telemetry, configuration, port, parts, run until told to stop.

use std::error::Error;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::{Setup, bind};
use tickmesh_mesh::{config, shutdown, telemetry};

/// `TICKMESH_DATA_DIR`, `TICKMESH_MODEL__…`; a TOML file of the same keys by `TICKMESH_CONFIG`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Process {
    data_dir: PathBuf,
    model: model_svc::Config,
}

impl Default for Process {
    fn default() -> Self {
        Self { data_dir: ".tickmesh".into(), model: model_svc::Config::default() }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("model-svc: {error}");
            ExitCode::from(exit_code(error.as_ref()))
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    telemetry::init("info", telemetry::LogFormat::Auto)?;
    let Process { data_dir, model } = config::load(config::Sources::new().env(std::env::vars()))?.config;
    let listener = bind(model.addr, "TICKMESH_MODEL__ADDR")?;
    let cpu = CpuPool::new(available_parallelism().map_or(1, NonZero::get), 256)?;
    let setup = Setup { listener, readiness: Readiness::new(), cpu, data_dir };
    let app = model_svc::App::build(model, setup).await?;
    tracing::info!(addr = %app.addr(), "model-svc serves");
    Ok(app.run(shutdown::signal()?).await?)
}

/// 64 for what the caller got wrong, 1 for the rest.
fn exit_code(error: &(dyn Error + 'static)) -> u8 {
    let bind = error.downcast_ref::<tickmesh_mesh::serve::BindError>().map(|error| error.exit_code());
    let config = error.downcast_ref::<config::ConfigError>().map(config::ConfigError::exit_code);
    bind.or(config).or_else(|| error.downcast_ref::<model_svc::Error>().map(model_svc::Error::exit_code)).unwrap_or(1)
}
