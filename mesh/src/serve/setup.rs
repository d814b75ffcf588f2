use std::net::TcpListener;
use std::path::PathBuf;

use crate::cpu::CpuPool;
use crate::readiness::Readiness;

/// What a process hands to a service that it builds.
///
/// The process binds every port before it builds anything, so that a taken one fails in the first second.
#[derive(Debug)]
pub struct Setup {
    /// The port to serve on, already bound.
    pub listener: TcpListener,
    /// Where the service takes its latches; shared by all parts of the process.
    pub readiness: Readiness,
    /// Threads for computation; shared by all parts of the process.
    pub cpu: CpuPool,
    /// Where the service keeps its files.
    pub data_dir: PathBuf,
}
