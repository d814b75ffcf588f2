//! The process `market-svc`.

use std::net::SocketAddr;
use std::process::ExitCode;

use market_svc::{App, Config, Error};
use tickmesh_mesh::process::{self, Part, Refusal, Stop};
use tickmesh_mesh::serve::Setup;

struct MarketSvc;

impl Part for MarketSvc {
    const NAME: &'static str = "market-svc";
    const SECTION: &'static str = "market";
    type Config = Config;
    type App = App;

    fn addr(config: &Config) -> SocketAddr {
        config.addr
    }

    async fn build(config: Config, setup: Setup) -> Result<App, Refusal> {
        App::build(config, setup).await.map_err(|error| refuse(&error))
    }

    async fn serve(app: App, stop: Stop) -> Result<(), Refusal> {
        // Alone it waits for nobody.
        app.feed_gate().open();
        tracing::info!(addr = %app.addr(), "market-svc serves");
        app.run(stop).await.map_err(|error| refuse(&error))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<MarketSvc>().await
}

fn refuse(error: &Error) -> Refusal {
    Refusal::new(error.exit_code(), error)
}
