//! `tickmesh up`: the whole mesh, or one part of it, in this process.
//!
//! [`Mesh::bind`] takes every port before anything slow begins; [`Mesh::run`] starts the gateway first, so that
//! progress can be seen, then the services, brings them up in order ([`launch`]) and, at the end, drains them in turn:
//! gateway, portfolio, model, market.

mod launch;
mod mesh;
mod ports;
mod report;
mod shortage;

use tickmesh_mesh::{shutdown, telemetry};

use crate::cli::{Global, Target, UpArgs};
use crate::failure::Failure;
use crate::{output, settings};

pub use mesh::Mesh;
pub use report::Report;

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// One clear line: a wrong configuration (64), or a port, a data directory or data that cannot be used (1).
pub async fn run(global: &Global, args: UpArgs) -> Result<(), Failure> {
    let loaded = settings::load(global, &args)?;
    if args.print_config {
        output::line(loaded.to_string().trim_end());
        return Ok(());
    }
    let settings = loaded.config;
    telemetry::init(&settings.log, telemetry::LogFormat::Auto).map_err(Failure::usage)?;
    let stop = shutdown::signal()?;
    let report = if global.json { Report::Json } else { Report::Text };
    let mesh = Mesh::bind(settings, args.target.unwrap_or(Target::All))?;
    mesh.run(report, stop.cancelled_owned()).await
}
