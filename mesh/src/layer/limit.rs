use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use tonic::Status;

use super::call::Door;
use crate::serve::MAX_REQUEST_BYTES;
use crate::status::{Code, Fault};

/// A gRPC request's body that breaks off at the first message that says it is too large, before anybody makes room.
struct Limited {
    inner: Body,
    place: Place,
}

/// Where in the framing the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a prefix, of which `have` bytes are here and `len` is what they say so far.
    Prefix { have: usize, len: usize },
    /// In a message, of which `left` bytes are missing.
    Message { left: usize },
}

/// One byte of flags and four of length go before each message of gRPC.
const PREFIX_BYTES: usize = 5;

const START: Place = Place::Prefix { have: 0, len: 0 };

/// Holds the messages of a gRPC request to their limit.
pub(super) fn messages(door: Door, request: Request<Body>) -> Request<Body> {
    match door {
        Door::Grpc => request.map(|inner| Body::new(Limited { inner, place: START })),
        Door::GrpcWeb | Door::Http => request, // read whole by their handlers, which have limits of their own
    }
}

impl Place {
    /// The place after `bytes`, or the length of a message that is too large.
    fn after(mut self, mut bytes: &[u8]) -> Result<Self, usize> {
        while let Some((first, rest)) = bytes.split_first() {
            self = match self {
                Self::Prefix { have: 0, .. } => {
                    bytes = rest; // the flags
                    Self::Prefix { have: 1, len: 0 }
                }
                Self::Prefix { have, len } => {
                    bytes = rest;
                    Self::prefix(have + 1, len << 8 | usize::from(*first))?
                }
                Self::Message { left } => {
                    let taken = left.min(bytes.len());
                    bytes = &bytes[taken..];
                    Self::message(left - taken)
                }
            };
        }
        Ok(self)
    }

    fn prefix(have: usize, len: usize) -> Result<Self, usize> {
        match have {
            PREFIX_BYTES if len > MAX_REQUEST_BYTES => Err(len),
            PREFIX_BYTES => Ok(Self::message(len)),
            _ => Ok(Self::Prefix { have, len }),
        }
    }

    fn message(left: usize) -> Self {
        if left == 0 { START } else { Self::Message { left } }
    }
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = tonic::codegen::StdError;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = std::task::ready!(Pin::new(&mut self.inner).poll_frame(task));
        if let Some(Ok(frame)) = &piece
            && let Some(data) = frame.data_ref()
        {
            match self.place.after(data) {
                Ok(place) => self.place = place,
                Err(len) => return Poll::Ready(Some(Err(Status::from(too_large(len)).into()))),
            }
        }
        Poll::Ready(piece.map(|piece| piece.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn too_large(len: usize) -> Fault {
    let rule = format!("must be at most {MAX_REQUEST_BYTES} bytes, and one is {len}");
    Fault::new(Code::InvalidArgument, "REQUEST_TOO_LARGE", format!("a request message {rule}"))
        .field("", rule)
        .meta("limit", MAX_REQUEST_BYTES.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_the_place_however_the_bytes_arrive(
            lens in prop::collection::vec(0usize..40, 0..8),
            cuts in prop::collection::vec(1usize..17, 1..40),
        ) {
            let prefix = |len: &usize| [&[0u8][..], &u32::try_from(*len).unwrap().to_be_bytes()].concat();
            let bytes: Vec<u8> = lens.iter().flat_map(|len| [prefix(len), vec![7; *len]].concat()).collect();
            let (mut place, mut rest) = (START, bytes.as_slice());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at(*cut.min(&rest.len()));
                place = place.after(now).unwrap();
                rest = later;
            }
            prop_assert_eq!(place, START);
        }
    }

    #[test]
    fn refuses_by_the_prefix_alone() {
        let len = u32::try_from(MAX_REQUEST_BYTES).unwrap();
        let prefix = |len: u32| [&[0u8][..], &len.to_be_bytes()].concat();
        assert!(START.after(&prefix(len)).is_ok());
        assert_eq!(START.after(&prefix(len + 1)), Err(MAX_REQUEST_BYTES + 1));
    }
}
