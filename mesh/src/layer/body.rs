use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Code, Status};

use super::call::{Call, Door};
use super::record::{Outcome, Record};
use super::{deadline, panics, web};
use crate::context::{self, RequestContext};
use crate::status::Fault;

/// The body of an answer, to its last byte part of the call: within its context and span, its deadline, its record.
pub(super) struct CallBody {
    inner: Body,
    door: Door,
    context: RequestContext,
    record: Record,
    /// What the head says the outcome is, unless the body ends otherwise.
    outcome: Outcome,
    cut_at: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

/// A stream ends itself with a goodbye at its deadline; it has this long to do so before it is cut.
const GOODBYE: Duration = Duration::from_millis(250);

/// Makes the body of `response` part of the call.
pub(super) fn watched(
    response: Response<Body>,
    call: &Call,
    context: RequestContext,
    record: Record,
) -> Response<Body> {
    let (head, inner) = response.into_parts();
    let outcome = match call.door {
        Door::Http => Outcome::Http(head.status),
        // Without trailers a gRPC call has no status: its server or the way to it broke.
        Door::Grpc | Door::GrpcWeb => Outcome::Grpc(status_in(&head.headers).unwrap_or(Code::Unknown)),
    };
    let cut_at = context.deadline.filter(|_| call.door == Door::Grpc).map(|deadline| sleep_for(call, deadline));
    let mut body = CallBody { inner, door: call.door, context, record, outcome, cut_at, is_over: false };
    if body.inner.is_end_stream() {
        body.over();
    }
    Response::from_parts(head, Body::new(body))
}

fn sleep_for(call: &Call, deadline: Instant) -> Pin<Box<Sleep>> {
    let is_open_ended = call.method.as_ref().is_some_and(crate::methods::Method::is_open_ended);
    Box::pin(sleep_until(if is_open_ended { deadline + GOODBYE } else { deadline }))
}

fn status_in(headers: &HeaderMap) -> Option<Code> {
    headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

type Piece = Option<Result<Frame<Bytes>, axum::Error>>;

impl CallBody {
    /// The next piece from inside, within the call's context and span.
    fn poll_inner(&mut self, task: &mut Context<'_>) -> Result<Poll<Piece>, Fault> {
        let Self { inner, context, record, .. } = self;
        let _in = record.span().enter();
        context::enter(context, || panics::caught_in(|| Pin::new(inner).poll_frame(task)))
    }

    fn is_late(&mut self, task: &mut Context<'_>) -> bool {
        self.cut_at.as_mut().is_some_and(|at| at.as_mut().poll(task).is_ready())
    }

    /// Notes what a piece says about the outcome, and whether it was the last.
    fn note(&mut self, piece: &Piece) {
        match piece {
            None => self.over(),
            Some(Err(_)) => self.broke(),
            Some(Ok(frame)) => {
                self.learn(frame);
                if frame.is_trailers() || self.inner.is_end_stream() {
                    self.over();
                }
            }
        }
    }

    fn learn(&mut self, frame: &Frame<Bytes>) {
        let code = match self.door {
            Door::Grpc => frame.trailers_ref().and_then(status_in),
            Door::GrpcWeb => frame.data_ref().and_then(web::status),
            Door::Http => None,
        };
        if let Some(code) = code {
            self.outcome = Outcome::Grpc(code);
        }
    }

    fn over(&mut self) {
        self.is_over = true;
        self.record.finish(self.outcome);
    }

    fn broke(&mut self) {
        self.is_over = true;
        self.record.finish(match self.door {
            Door::Http => self.outcome,
            Door::Grpc | Door::GrpcWeb => Outcome::Grpc(Code::Unknown),
        });
    }

    /// Ends the answer here: with its status in trailers where the protocol has them, else by breaking it off.
    fn cut(&mut self, fault: Fault) -> Piece {
        self.is_over = true;
        self.record.finish(match self.door {
            Door::Http => self.outcome,
            Door::Grpc | Door::GrpcWeb => Outcome::Grpc(fault.code().grpc()),
        });
        if self.door != Door::Grpc {
            return Some(Err(axum::Error::new(fault)));
        }
        let status = context::enter(&self.context, || Status::from(fault));
        let mut trailers = HeaderMap::new();
        match status.add_header(&mut trailers) {
            Ok(()) => Some(Ok(Frame::trailers(trailers))),
            Err(status) => Some(Err(axum::Error::new(status))),
        }
    }
}

impl http_body::Body for CallBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Piece> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if self.is_late(task) {
            return Poll::Ready(self.cut(deadline::exceeded()));
        }
        match self.poll_inner(task) {
            Err(fault) => Poll::Ready(self.cut(fault)),
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(piece)) => {
                self.note(&piece);
                Poll::Ready(piece)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_over { SizeHint::with_exact(0) } else { self.inner.size_hint() }
    }
}
