//! A body whose size nobody may rely on.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;

/// Hides a body's size. gRPC-Web text decodes on the way and still tells the size before decoding, which an HTTP/2
/// client would send as the content's length.
pub(crate) struct UnsizedBody(pub(crate) Body);

impl http_body::Body for UnsizedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }
}
