//! The process `model-svc`.

use std::process::ExitCode;

use tickmesh_mesh::process;

#[tokio::main]
async fn main() -> ExitCode {
    process::run::<model_svc::App>().await
}
