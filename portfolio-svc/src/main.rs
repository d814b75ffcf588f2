//! The process `portfolio-svc`.

use std::process::ExitCode;

use tickmesh_mesh::process;

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<portfolio_svc::App>().await
}
