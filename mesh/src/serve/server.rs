use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tower::Layer as _;

use super::accept::accept;
use super::connection::{Port, protocols};
use super::health::{Answers, HealthSource, OwnHealth};
use super::ops::{Ops, no_such_path};
use super::{EndReason, Settings, reflection};
use crate::layer::{CallLayer, Deadlines, Doors, Guard};
use crate::methods::Methods;
use crate::readiness::Readiness;
use crate::telemetry;

/// Why a port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener is of no use.
    #[error("cannot serve: {0}")]
    Listener(#[from] io::Error),
    /// The descriptors are broken.
    #[error("cannot read the contracts: {0}")]
    Descriptors(#[from] prost::DecodeError),
    /// The descriptors cannot be reflected.
    #[error("cannot reflect the contracts: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// One port with all its doors.
///
/// ```no_run
/// # use tickmesh_mesh::{readiness::Readiness, serve::{Server, bind}};
/// # async fn example(routes: tonic::service::Routes) -> Result<(), Box<dyn std::error::Error>> {
/// let listener = bind("127.0.0.1:50051".parse()?, "--market-addr")?;
/// let server = Server::new("market", listener, Readiness::new())
///     .grpc(routes, &["tickmesh.market.v1.MarketService"]);
/// server.run(std::future::pending()).await?;
/// # Ok(()) }
/// ```
pub struct Server {
    part: &'static str,
    listener: TcpListener,
    readiness: Readiness,
    settings: Settings,
    routes: Routes,
    services: Vec<String>,
    http: Router,
    health: Option<Arc<dyn HealthSource>>,
    descriptors: &'static [u8],
}

impl Server {
    /// A port that serves what operators ask; `part` stands in metrics, `readiness` is what `/readyz` and health
    /// follow.
    pub fn new(part: &'static str, listener: TcpListener, readiness: Readiness) -> Self {
        Self {
            part,
            listener,
            readiness,
            settings: Settings::default(),
            routes: Routes::default(),
            services: Vec::new(),
            http: Router::new().fallback(no_such_path),
            health: None,
            descriptors: tickmesh_proto::FILE_DESCRIPTOR_SET,
        }
    }

    /// Serves gRPC: `services` are the full names of what `routes` answer, for health and reflection.
    #[must_use]
    pub fn grpc(mut self, routes: Routes, services: &[&str]) -> Self {
        self.routes = routes;
        self.services = services.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// Serves HTTP: everything that is neither gRPC nor `/livez`, `/readyz`, `/metrics`; its fallback answers the rest.
    #[must_use]
    pub fn http(mut self, router: Router) -> Self {
        self.http = router;
        self
    }

    /// Lets `source` say how services are, in place of the readiness.
    #[must_use]
    pub fn health(mut self, source: Arc<dyn HealthSource>) -> Self {
        self.health = Some(source);
        self
    }

    /// Changes limits and times.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Reflects other contracts than tickmesh's: an encoded `FileDescriptorSet`.
    #[must_use]
    pub fn descriptors(mut self, descriptors: &'static [u8]) -> Self {
        self.descriptors = descriptors;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the listener is of no use.
    pub fn addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` resolves, then drains: at most for the hard stop's time.
    ///
    /// # Errors
    /// If the listener or the descriptors are of no use.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let (drain, draining) = watch::channel(None);
        self.listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(self.listener.try_clone()?)?;
        let port = Arc::new(self.port(draining)?);
        tokio::select! {
            () = accept(&port, &listener) => {}
            () = upkeep() => {}
            () = shutdown => {}
        }
        drop(listener);
        drain.send_replace(Some(EndReason::Draining));
        port.drained().await;
        Ok(())
    }

    fn port(self, drain: watch::Receiver<Option<EndReason>>) -> Result<Port, ServeError> {
        let doors = self.doors()?;
        let Self { part, readiness, settings, routes, services, http, health, descriptors, listener: _ } = self;
        let source = health.unwrap_or_else(|| Arc::new(OwnHealth::new(services.clone(), readiness.clone())));
        let answers = Answers::new(source, readiness.clone(), drain.clone());
        let routes = reflection::add(routes.add_service(answers.into_server()), descriptors, &services)?;
        let ops = Ops { readiness, drain: drain.clone() };
        let router = routes.prepare().into_axum_router().reset_fallback().merge(ops.into_router()).merge(http);
        Ok(Port {
            part,
            service: CallLayer::new(doors).layer(router),
            protocols: protocols(&settings),
            places: Arc::new(Semaphore::new(settings.max_connections)),
            settings,
            tasks: TaskTracker::new(),
            drain,
            hard_stop: CancellationToken::new(),
        })
    }

    fn doors(&self) -> Result<Doors, ServeError> {
        let mut sets = reflection::COMMON_DESCRIPTORS.to_vec();
        sets.push(self.descriptors);
        let common = reflection::COMMON.into_iter().map(str::to_owned);
        Ok(Doors {
            part: self.part,
            methods: Methods::of(&sets)?,
            served: self.services.iter().cloned().chain(common).collect(),
            guard: Guard::new(&self.settings),
            deadlines: Deadlines::new(&self.settings),
        })
    }
}

impl Port {
    /// Waits until all is said; then cuts what is left.
    async fn drained(&self) {
        self.tasks.close();
        if timeout(self.settings.hard_stop_seconds.duration(), self.tasks.wait()).await.is_err() {
            tracing::warn!(part = self.part, "the drain took too long: cutting what is left");
            self.hard_stop.cancel();
            // What holds an `Ending` without a connection is its owner's to stop.
            drop(timeout(AFTER_THE_CUT, self.tasks.wait()).await);
        }
    }
}

/// Tasks that were cut have this long to be gone.
const AFTER_THE_CUT: Duration = Duration::from_millis(500);

/// Keeps the metrics of idle series small; ends with the server that it is part of.
async fn upkeep() {
    let mut ticks = interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        telemetry::upkeep();
    }
}
