use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;

use super::failure;
use super::pool::Lease;

/// An upstream's answer: holds its place on the connection until it ends, and ends in time.
pub(super) struct AnswerBody {
    inner: Body,
    name: Arc<str>,
    late_at: Option<Pin<Box<Sleep>>>,
    _lease: Lease,
}

impl AnswerBody {
    pub(super) fn new(inner: Body, name: Arc<str>, deadline: Option<Instant>, lease: Lease) -> Self {
        Self { inner, name, late_at: deadline.map(|at| Box::pin(sleep_until(at))), _lease: lease }
    }

    fn is_late(&mut self, task: &mut Context<'_>) -> bool {
        self.late_at.as_mut().is_some_and(|at| at.as_mut().poll(task).is_ready())
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match Pin::new(&mut self.inner).poll_frame(task) {
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(failure::lost(&self.name, &error)))),
            Poll::Pending if self.is_late(task) => Poll::Ready(Some(Err(failure::late(&self.name)))),
            piece => piece,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
