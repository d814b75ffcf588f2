//! The process `gateway`.

use std::net::SocketAddr;
use std::process::ExitCode;

use gateway::{App, Config, Error};
use tickmesh_mesh::process::{self, Part, Stop};
use tickmesh_mesh::serve::Setup;

struct Gateway;

impl Part for Gateway {
    const NAME: &'static str = "gateway";
    const SECTION: &'static str = "gateway";
    type Config = Config;
    type App = App;
    type Error = Error;

    fn addr(config: &Config) -> SocketAddr {
        config.addr
    }

    /// The gateway computes nothing: one idle thread stands for the pool.
    fn threads() -> usize {
        1
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
    process::run::<Gateway>().await
}
