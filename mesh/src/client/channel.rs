use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::time::{Instant, sleep, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

use super::body::AnswerBody;
use super::budget::Budget;
use super::policy::{PUBLISHED, Retry};
use super::pool::Pool;
use super::{Backoff, failure, outgoing};
use crate::context;
use crate::serve::MAX_REQUEST_BYTES;
use crate::status::Fault;

/// A way to an upstream, for generated clients and for raw requests. Dropping an answer's body resets its stream.
#[derive(Clone, Debug)]
pub struct Channel {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: Arc<str>,
    pool: Pool,
    /// None on a way for streams: whoever reads a stream resumes it by its cursor.
    budget: Option<Arc<Budget>>,
}

type Answer = Result<Response<Body>, Status>;

impl Channel {
    pub(super) fn new(name: Arc<str>, pool: Pool, budget: Option<Arc<Budget>>) -> Self {
        Self { shared: Arc::new(Shared { name, pool, budget }) }
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(())) // each call awaits its own place
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.send(request).await })
    }
}

impl Shared {
    async fn send(&self, mut request: Request<Body>) -> Answer {
        let context = context::current();
        let policy = PUBLISHED.of(request.uri().path());
        let is_unary = self.budget.is_some();
        let default = policy.timeout.filter(|_| is_unary);
        let now = Instant::now();
        let deadline = outgoing::deadline(request.headers(), context.as_ref(), default, now);
        outgoing::sign(request.headers_mut(), context.as_ref(), deadline, now);
        match (&self.budget, policy.retry) {
            (Some(budget), Some(retry)) => self.persist(request, deadline, &retry, budget).await,
            _ => self.once(request, deadline).await,
        }
    }

    /// One attempt.
    async fn once(&self, request: Request<Body>, deadline: Option<Instant>) -> Answer {
        let lease = self.pool.lease();
        let answer = lease.channel.clone().oneshot(request);
        let answer = match deadline {
            Some(at) => timeout_at(at, answer).await.map_err(|_| failure::late(&self.name))?,
            None => answer.await,
        };
        let answer = answer.map_err(|error| failure::lost(&self.name, &error))?;
        Ok(answer.map(|body| Body::new(AnswerBody::new(body, Arc::clone(&self.name), deadline, lease))))
    }

    /// As many attempts as policy, budget and deadline allow.
    async fn persist(
        &self,
        request: Request<Body>,
        deadline: Option<Instant>,
        retry: &Retry,
        budget: &Budget,
    ) -> Answer {
        let (head, body) = request.into_parts();
        let body = whole(body).await?;
        let mut backoff = Backoff::new(retry.first_backoff, retry.longest_backoff);
        for _ in 1..retry.attempts {
            let answer = self.once(Request::from_parts(head.clone(), again(&body)), deadline).await;
            if !is_unavailable(&answer) {
                budget.succeeded();
                return answer;
            }
            let wait = backoff.delay();
            if !budget.failed() || !is_before(wait, deadline) {
                return answer;
            }
            metrics::counter!("tickmesh_retries_total", "upstream" => Arc::clone(&self.name)).increment(1);
            sleep(wait).await;
        }
        self.once(Request::from_parts(head, again(&body)), deadline).await
    }
}

/// Reads a unary request, so that it can be sent again.
async fn whole(body: Body) -> Result<Bytes, Status> {
    const PREFIX_BYTES: usize = 5;
    let read = Limited::new(body, MAX_REQUEST_BYTES + PREFIX_BYTES).collect().await;
    read.map(http_body_util::Collected::to_bytes).map_err(|error| {
        let rule = format!("must arrive whole and be at most {MAX_REQUEST_BYTES} bytes: {error}");
        Fault::new(crate::status::Code::InvalidArgument, "REQUEST_TOO_LARGE", rule).into()
    })
}

fn again(body: &Bytes) -> Body {
    Body::new(Full::new(body.clone()))
}

fn is_before(wait: Duration, deadline: Option<Instant>) -> bool {
    deadline.is_none_or(|at| Instant::now() + wait < at)
}

/// An upstream that cannot be reached, or says so itself before any message.
fn is_unavailable(answer: &Answer) -> bool {
    match answer {
        Err(status) => status.code() == Code::Unavailable,
        Ok(response) => {
            let code = response.headers().get(Status::GRPC_STATUS);
            code.is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::Unavailable)
        }
    }
}
