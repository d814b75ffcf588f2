//! When a process is asked to stop.

use std::io;

use tokio::signal::unix::{self, Signal, SignalKind};

/// The exit code of a process that is asked to stop while it drains: as a shell has it for Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Resolves at the first Ctrl-C or SIGTERM; at the second the process ends at once with 130.
///
/// The signals are caught from the call on, not only from the first poll.
///
/// # Errors
/// If the operating system does not let them be caught.
pub fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let interrupt = unix::signal(SignalKind::interrupt())?;
    let terminate = unix::signal(SignalKind::terminate())?;
    let mut signals = Signals { interrupt, terminate };
    Ok(async move {
        signals.next().await;
        tracing::info!("stopping; a second signal ends the process at once");
        // Ends with the process: it is the last thing that still listens.
        drop(tokio::spawn(async move {
            signals.next().await;
            std::process::exit(INTERRUPTED)
        }));
    })
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
