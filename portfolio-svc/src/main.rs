//! The process `portfolio-svc`.

use std::net::SocketAddr;
use std::process::ExitCode;

use portfolio_svc::{App, Config, Error};
use tickmesh_mesh::process::{self, Part, Refusal, Stop};
use tickmesh_mesh::serve::Setup;

struct PortfolioSvc;

impl Part for PortfolioSvc {
    const NAME: &'static str = "portfolio-svc";
    const SECTION: &'static str = "portfolio";
    type Config = Config;
    type App = App;

    fn addr(config: &Config) -> SocketAddr {
        config.addr
    }

    async fn build(config: Config, setup: Setup) -> Result<App, Refusal> {
        App::build(config, setup).await.map_err(|error| refuse(&error))
    }

    async fn serve(app: App, stop: Stop) -> Result<(), Refusal> {
        tracing::info!(addr = %app.addr(), "portfolio-svc serves");
        app.run(stop).await.map_err(|error| refuse(&error))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<PortfolioSvc>().await
}

fn refuse(error: &Error) -> Refusal {
    Refusal::new(error.exit_code(), error)
}
