//! The process `market-svc`.

use std::net::SocketAddr;
use std::process::ExitCode;

use market_svc::{App, Config, Error};
use tickmesh_mesh::process::{self, Part, Stop};
use tickmesh_mesh::serve::Setup;

struct MarketSvc;

impl Part for MarketSvc {
    const NAME: &'static str = "market-svc";
    const SECTION: &'static str = "market";
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
        // Alone it waits for nobody.
        app.feed_gate().open();
        app.run(stop).await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<MarketSvc>().await
}
