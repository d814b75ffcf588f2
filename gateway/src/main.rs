//! The process `gateway`.

use std::process::ExitCode;

use tickmesh_mesh::process;

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<gateway::App>().await
}
