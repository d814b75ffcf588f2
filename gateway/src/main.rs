//! The process `gateway`.

use std::net::SocketAddr;
use std::process::ExitCode;

use gateway::{App, Config, Error};
use tickmesh_mesh::process::{self, Part, Refusal, Stop};
use tickmesh_mesh::serve::Setup;

struct Gateway;

impl Part for Gateway {
    const NAME: &'static str = "gateway";
    const SECTION: &'static str = "gateway";
    type Config = Config;
    type App = App;

    fn addr(config: &Config) -> SocketAddr {
        config.addr
    }

    /// The gateway computes nothing: one idle thread stands for the pool.
    fn threads() -> usize {
        1
    }

    async fn build(config: Config, setup: Setup) -> Result<App, Refusal> {
        App::build(config, setup).await.map_err(|error| refuse(&error))
    }

    async fn serve(app: App, stop: Stop) -> Result<(), Refusal> {
        tracing::info!(addr = %app.addr(), "gateway serves");
        app.run(stop).await.map_err(|error| refuse(&error))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<Gateway>().await
}

fn refuse(error: &Error) -> Refusal {
    Refusal::new(error.exit_code(), error)
}
