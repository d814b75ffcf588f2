//! When a process is asked to stop.

use std::io;

use tokio::signal::unix::{self, Signal, SignalKind};
use tokio_util::sync::CancellationToken;

/// The exit code of a process that is asked to stop while it drains: as a shell has it for Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Is cancelled at the first Ctrl-C or SIGTERM; at the second the process ends at once with 130.
///
/// Signals are heard from the call on, by a task of their own that ends with the process: whatever else the process is
/// busy with, it hears the second one.
///
/// # Errors
/// If the operating system does not let them be caught.
pub fn signal() -> io::Result<CancellationToken> {
    let interrupt = unix::signal(SignalKind::interrupt())?;
    let terminate = unix::signal(SignalKind::terminate())?;
    let mut signals = Signals { interrupt, terminate };
    let stop = CancellationToken::new();
    drop(tokio::spawn({
        let stop = stop.clone();
        async move {
            signals.next().await;
            tracing::info!("stopping; a second signal ends the process at once");
            stop.cancel();
            signals.next().await;
            std::process::exit(INTERRUPTED)
        }
    }));
    Ok(stop)
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
