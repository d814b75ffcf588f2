use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// An upstream's answer whose failure on the way becomes its status: a caller of gRPC then reads DEADLINE_EXCEEDED or
/// UNAVAILABLE with its details, where a reset stream would tell it INTERNAL and nothing more.
pub(crate) struct FailureAsTrailers {
    inner: Body,
    failed: bool,
}

impl FailureAsTrailers {
    pub(crate) fn new(inner: Body) -> Self {
        Self { inner, failed: false }
    }
}

impl http_body::Body for FailureAsTrailers {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.inner).poll_frame(task) {
            Poll::Ready(Some(Err(status))) => {
                self.failed = true;
                let mut trailers = HeaderMap::new();
                let written = status.add_header(&mut trailers);
                Poll::Ready(Some(written.map(|()| Frame::trailers(trailers))))
            }
            frame => frame,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    #[tokio::test]
    async fn a_failure_ends_the_body_with_its_status() {
        let frames = [Ok(Frame::data(Bytes::from_static(b"a"))), Err(Status::deadline_exceeded("late"))];
        let body = FailureAsTrailers::new(Body::new(StreamBody::new(stream::iter(frames))));
        let whole = body.collect().await.unwrap();
        let status = Status::from_header_map(whole.trailers().unwrap()).unwrap();
        assert_eq!((status.code(), status.message()), (tonic::Code::DeadlineExceeded, "late"));
        assert_eq!(whole.to_bytes(), "a");
    }
}
