//! The mesh in one process: takes its ports, builds and runs its parts, drains them in turn.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::process::Part as _;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::Setup;
use tokio::task::{self, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::launch::{Handles, Launch, launch};
use super::ports::{Ports, address};
use super::report::Report;
use crate::cli::Target;
use crate::failure::Failure;
use crate::settings::Settings;

/// Jobs that may wait for or run on the compute pool.
const CPU_QUEUE: usize = 1024;

/// How long a part may take to say why it has ended, after something was lost.
const LAST_WORD: Duration = Duration::from_secs(2);

/// The parts in the order in which they drain: whoever is called outlives its callers.
const DRAIN_ORDER: [&str; 4] = ["gateway", "portfolio", "model", "market"];

/// The mesh, its ports taken, not yet running.
pub struct Mesh {
    settings: Settings,
    target: Target,
    ports: Ports,
    addresses: Addresses,
    readiness: Readiness,
}

/// Where each part listens, or is expected to.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// market-svc.
    pub market: SocketAddr,
    /// model-svc.
    pub model: SocketAddr,
    /// portfolio-svc.
    pub portfolio: SocketAddr,
    /// The gateway.
    pub gateway: SocketAddr,
}

impl Mesh {
    /// Takes the ports.
    ///
    /// # Errors
    /// If one is taken or not loopback; the text names the flag.
    pub fn bind(mut settings: Settings, target: Target) -> Result<Self, Failure> {
        let ports = Ports::bind(&settings, target)?;
        let addresses = Addresses {
            market: address(ports.market.as_ref(), settings.market.addr)?,
            model: address(ports.model.as_ref(), settings.model.addr)?,
            portfolio: address(ports.portfolio.as_ref(), settings.portfolio.addr)?,
            gateway: address(ports.gateway.as_ref(), settings.gateway.addr)?,
        };
        settings.follow(addresses.market, addresses.model, addresses.portfolio);
        Ok(Self { settings, target, ports, addresses, readiness: Readiness::new() })
    }

    /// Where the parts listen.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The latches of all parts.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Builds and runs the parts until `stop` resolves or one of them fails, then drains them in turn.
    ///
    /// # Errors
    /// The first failure of a part.
    pub async fn run(self, report: Report, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let Self { mut settings, target, ports, addresses, readiness } = self;
        let threads = available_parallelism().map_or(1, NonZero::get);
        let cpu = CpuPool::new(threads, CPU_QUEUE).map_err(Failure::runtime)?;
        let trains = settings.model.train_missing;
        if target == Target::All {
            // The launch trains, before it lets the feed begin.
            settings.model.train_missing = false;
        }
        let mut parts = Parts::new(settings, readiness.clone(), cpu);
        let running = async {
            let handles = parts.start(ports).await?;
            let launch = launch(Launch { addresses, target, handles, trains, readiness, report });
            tokio::select! {
                failed = parts.failed() => Err(failed),
                failed = launch => match failed {
                    // What the launch calls lost a part may be about to say better.
                    Err(lost) => Err(timeout(LAST_WORD, parts.failed()).await.unwrap_or(lost)),
                    never => never,
                },
            }
        };
        let result: Result<(), Failure> = tokio::select! {
            // Also while parts are still built: what they have written is then as after a crash.
            () = stop => Ok(()),
            failed = running => failed.map(|never: Infallible| match never {}),
        };
        let drained = parts.drain().await;
        result.and(drained)
    }
}

/// The running parts.
struct Parts {
    settings: Settings,
    readiness: Readiness,
    cpu: CpuPool,
    running: JoinSet<Result<(), Failure>>,
    /// Those of `running` that have not been joined yet.
    parts: Vec<Part>,
}

/// A running part.
struct Part {
    name: &'static str,
    task: task::Id,
    stop: CancellationToken,
}

impl Parts {
    fn new(settings: Settings, readiness: Readiness, cpu: CpuPool) -> Self {
        Self { settings, readiness, cpu, running: JoinSet::new(), parts: Vec::new() }
    }

    /// Builds and starts every part that has a port; gives the handles of those that run here.
    async fn start(&mut self, ports: Ports) -> Result<Handles, Failure> {
        let Ports { market, model, portfolio, gateway } = ports;
        if let Some(listener) = gateway {
            let app = gateway::App::build(self.settings.gateway.clone(), self.setup(listener)).await?;
            self.spawn("gateway", |stop| async { Ok(app.run(stop).await?) });
        }
        let mut handles = Handles::default();
        if let Some(listener) = market {
            let app = market_svc::App::build(self.settings.market.clone(), self.setup(listener)).await?;
            handles.gate = Some(app.feed_gate());
            self.spawn("market", |stop| async { Ok(app.run(stop).await?) });
        }
        if let Some(listener) = model {
            let app = model_svc::App::build(self.settings.model.clone(), self.setup(listener)).await?;
            self.spawn("model", |stop| async { Ok(app.run(stop).await?) });
        }
        if let Some(listener) = portfolio {
            let app = portfolio_svc::App::build(self.settings.portfolio.clone(), self.setup(listener)).await?;
            handles.allocations = Some(app.start());
            self.spawn("portfolio", |stop| async { Ok(app.run(stop).await?) });
        }
        Ok(handles)
    }

    fn setup(&self, listener: TcpListener) -> Setup {
        let data_dir = self.settings.data_dir.clone();
        Setup { listener, readiness: self.readiness.clone(), cpu: self.cpu.clone(), data_dir }
    }

    fn spawn<R>(&mut self, name: &'static str, run: impl FnOnce(tokio_util::sync::WaitForCancellationFutureOwned) -> R)
    where
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let running = run(stop.clone().cancelled_owned());
        let task = self.running.spawn(running).id();
        self.parts.push(Part { name, task, stop });
    }

    /// Resolves when a part ends that was not asked to.
    async fn failed(&mut self) -> Failure {
        match self.ended().await {
            Some((_, Err(failure))) => failure,
            Some((part, Ok(()))) => Failure::runtime(format!("{part} ended before its time")),
            None => std::future::pending().await,
        }
    }

    /// The next part to end, and how; `None` when none runs.
    async fn ended(&mut self) -> Option<(&'static str, Result<(), Failure>)> {
        let (task, result) = match self.running.join_next_with_id().await? {
            Ok(ended) => ended,
            Err(error) => (error.id(), Err(Failure::runtime(error))),
        };
        let place = self.parts.iter().position(|part| part.task == task)?;
        Some((self.parts.remove(place).name, result))
    }

    /// Ends the parts one after the other, each after its callers.
    async fn drain(mut self) -> Result<(), Failure> {
        let mut result = Ok(());
        for name in DRAIN_ORDER {
            // A part that failed before has been joined already: nobody waits for it again.
            while let Some(part) = self.parts.iter().find(|part| part.name == name) {
                part.stop.cancel();
                // Parts that end on their own meanwhile have failed; the first failure is told.
                let Some((_, ended)) = self.ended().await else { break };
                result = result.and(ended);
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_part_that_failed_does_not_hold_up_the_drain_of_the_others() {
        let cpu = CpuPool::new(1, 1).unwrap();
        let mut parts = Parts::new(Settings::default(), Readiness::new(), cpu);
        parts.spawn("gateway", |_| async { Err(Failure::runtime("lost its port")) });
        parts.spawn("market", |stop| async {
            stop.await;
            Ok(())
        });
        parts.spawn("model", |stop| async {
            stop.await;
            Err(Failure::runtime("could not close"))
        });
        assert_eq!(parts.failed().await.to_string(), "lost its port");
        let drained = tokio::time::timeout(Duration::from_secs(5), parts.drain()).await.expect("it ends");
        assert_eq!(drained.unwrap_err().to_string(), "could not close");
    }
}
