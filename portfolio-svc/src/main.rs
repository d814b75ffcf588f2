//! The process `portfolio-svc`.

use std::net::SocketAddr;
use std::process::ExitCode;

use portfolio_svc::{App, Config, Error};
use tickmesh_mesh::process::{self, Part, Stop};
use tickmesh_mesh::serve::Setup;

struct PortfolioSvc;

impl Part for PortfolioSvc {
    const NAME: &'static str = "portfolio-svc";
    const SECTION: &'static str = "portfolio";
    type Config = Config;
    type App = App;
    type Error = Error;

    fn addr(config: &Config) -> SocketAddr {
        config.addr
    }

    async fn build(config: Config, setup: Setup) -> Result<App, Error> {
        App::build(config, setup).await
    }

    async fn serve(app: App, stop: Stop) -> Result<(), Error> {
        app.run(stop).await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<PortfolioSvc>().await
}
