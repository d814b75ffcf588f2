//! The process `market-svc`.

use std::process::ExitCode;

use tickmesh_mesh::process;

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<market_svc::App>().await
}
