use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::thread::available_parallelism;

use market_svc::feed::FeedGate;
use tickmesh_mesh::cpu::CpuPool;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_mesh::serve::Setup;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::launch::{Launch, launch};
use super::ports::{Ports, address};
use super::report::Report;
use crate::cli::Target;
use crate::failure::Failure;
use crate::settings::Settings;

/// Jobs that may wait for or run on the compute pool.
const CPU_QUEUE: usize = 1024;

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
        let Self { settings, target, ports, addresses, readiness } = self;
        let threads = available_parallelism().map_or(1, NonZero::get);
        let cpu = CpuPool::new(threads, CPU_QUEUE).map_err(Failure::runtime)?;
        let mut parts = Parts::new(settings, readiness.clone(), cpu);
        let started = parts.start(ports).await;
        let result = match started {
            Err(failure) => Err(failure),
            Ok(gate) => {
                let launch = launch(Launch { addresses, target, gate, readiness, report });
                tokio::select! {
                    () = stop => Ok(()),
                    failed = parts.failed() => Err(failed),
                    failed = launch => failed.map(|never| match never {}),
                }
            }
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
    running: JoinSet<Result<&'static str, Failure>>,
    stops: Vec<(&'static str, CancellationToken)>,
}

impl Parts {
    fn new(settings: Settings, readiness: Readiness, cpu: CpuPool) -> Self {
        Self { settings, readiness, cpu, running: JoinSet::new(), stops: Vec::new() }
    }

    /// Builds and starts every part that has a port; gives the gate of the feed that runs here.
    async fn start(&mut self, ports: Ports) -> Result<Option<FeedGate>, Failure> {
        let Ports { market, model, portfolio, gateway } = ports;
        if let Some(listener) = gateway {
            let app = gateway::App::build(self.settings.gateway.clone(), self.setup(listener)).await?;
            self.spawn("gateway", |stop| async { Ok(app.run(stop).await?) });
        }
        let mut gate = None;
        if let Some(listener) = market {
            let app = market_svc::App::build(self.settings.market.clone(), self.setup(listener)).await?;
            gate = Some(app.feed_gate());
            self.spawn("market", |stop| async { Ok(app.run(stop).await?) });
        }
        if let Some(listener) = model {
            let app = model_svc::App::build(self.settings.model.clone(), self.setup(listener)).await?;
            self.spawn("model", |stop| async { Ok(app.run(stop).await?) });
        }
        if let Some(listener) = portfolio {
            let app = portfolio_svc::App::build(self.settings.portfolio.clone(), self.setup(listener)).await?;
            self.spawn("portfolio", |stop| async { Ok(app.run(stop).await?) });
        }
        Ok(gate)
    }

    fn setup(&self, listener: TcpListener) -> Setup {
        let data_dir = self.settings.data_dir.clone();
        Setup { listener, readiness: self.readiness.clone(), cpu: self.cpu.clone(), data_dir }
    }

    fn spawn<R>(&mut self, part: &'static str, run: impl FnOnce(tokio_util::sync::WaitForCancellationFutureOwned) -> R)
    where
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let running = run(stop.clone().cancelled_owned());
        self.stops.push((part, stop));
        self.running.spawn(async move { running.await.map(|()| part) });
    }

    /// Resolves when a part ends that was not asked to.
    async fn failed(&mut self) -> Failure {
        match self.running.join_next().await {
            Some(Ok(Err(failure))) => failure,
            Some(Ok(Ok(part))) => Failure::runtime(format!("{part} ended before its time")),
            Some(Err(error)) => Failure::runtime(error),
            None => std::future::pending().await,
        }
    }

    /// Ends the parts one after the other, each after its callers.
    async fn drain(mut self) -> Result<(), Failure> {
        let mut result = Ok(());
        for part in DRAIN_ORDER {
            let Some((_, stop)) = self.stops.iter().find(|(name, _)| *name == part) else { continue };
            stop.cancel();
            // Parts that end on their own meanwhile have failed; the first failure is told.
            while let Some(ended) = self.running.join_next().await {
                match ended {
                    Ok(Ok(name)) if name == part => break,
                    Ok(Ok(_)) => {}
                    Ok(Err(failure)) => result = result.and(Err(failure)),
                    Err(error) => result = result.and(Err(Failure::runtime(error))),
                }
            }
        }
        result
    }
}
