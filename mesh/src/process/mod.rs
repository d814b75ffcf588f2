//! A process that runs one part of the mesh: telemetry, configuration, port, parts, run until told to stop.
//!
//! Its `main` calls [`run`]; what the parts have in common is here once. The process ends with
//!
//! | Code | When |
//! | --- | --- |
//! | 0 | it was told to stop by Ctrl-C or SIGTERM and has drained, or was still being built |
//! | 64 | its configuration is wrong |
//! | 130 | it was told to stop a second time |
//! | 1 | anything else |

mod refusal;
mod settings;

use std::net::SocketAddr;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Sources};
use crate::cpu::CpuPool;
use crate::readiness::Readiness;
use crate::serve::{Setup, bind};
use crate::{shutdown, telemetry};

pub use refusal::Refusal;

use settings::Settings;

/// Jobs that may wait for or run on the compute pool.
const CPU_QUEUE: usize = 256;

/// A part of the mesh: a service or the gateway, built and bound and not yet running.
///
/// All parts have this shape, whether they share a process or have one each.
pub trait Part: Sized + Send {
    /// The name of a process of its own, such as `market-svc`; begins the line that says why it ends.
    const NAME: &'static str;
    /// The section of its configuration: `market` is set by `TICKMESH_MARKET__…` or under `[market]` in the file that
    /// `TICKMESH_CONFIG` names. Beside it stands `data_dir`, `TICKMESH_DATA_DIR`.
    const SECTION: &'static str;
    /// Its configuration.
    type Config: Default + Serialize + DeserializeOwned;
    /// Why it cannot be built, or cannot go on.
    type Error: Into<Refusal>;

    /// Where it is to listen.
    fn listen_addr(config: &Self::Config) -> SocketAddr;

    /// Threads of its compute pool in a process of its own: all that the machine has, unless it computes little.
    fn threads() -> usize {
        available_parallelism().map_or(1, NonZero::get)
    }

    /// Builds it. A process that is told to stop meanwhile drops the future: what it has written is then as after a
    /// crash.
    fn build(config: Self::Config, setup: Setup) -> impl Future<Output = Result<Self, Self::Error>> + Send;

    /// It has a process of its own and need wait for no other part.
    fn alone(&self) {}

    /// Where it serves.
    fn addr(&self) -> SocketAddr;

    /// Serves until `shutdown` resolves, then drains.
    fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Runs a part by the process's environment and signals; says on standard error in one line why it ends early.
pub async fn run<P: Part>() -> ExitCode {
    let ended = match stop() {
        Ok(stop) => run_until::<P>(Sources::new().env(std::env::vars()), stop).await,
        Err(refusal) => Err(refusal),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("{}: {refusal}", P::NAME);
            ExitCode::from(refusal.exit_code())
        }
    }
}

/// Is cancelled at the first signal.
fn stop() -> Result<CancellationToken, Refusal> {
    telemetry::init("info", telemetry::LogFormat::Auto)?;
    Ok(shutdown::signal()?)
}

async fn run_until<P: Part>(sources: Sources, stop: CancellationToken) -> Result<(), Refusal> {
    let Settings::<P> { data_dir, part } = config::load(sources)?.config;
    let listener = bind(P::listen_addr(&part), &format!("TICKMESH_{}__ADDR", P::SECTION.to_uppercase()))?;
    let cpu = CpuPool::new(P::threads(), CPU_QUEUE)?;
    let setup = Setup { listener, readiness: Readiness::new(), cpu, data_dir };
    let Some(app) = stop.run_until_cancelled(P::build(part, setup)).await else { return Ok(()) };
    let app = app.map_err(Into::into)?;
    app.alone();
    tracing::info!(addr = %app.addr(), "{} serves", P::NAME);
    app.run(stop.cancelled_owned()).await.map_err(Into::into)
}

#[cfg(test)]
mod tests;
