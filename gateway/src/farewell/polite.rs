//! A passed-through body that ends politely.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::HeaderMap;
use http_body::Frame;
use prost::Message as _;
use tickmesh_mesh::serve::Ending;
use tickmesh_proto::r#type::v1::end_of_stream::Reason;
use tonic::body::Body;
use tonic::{Code, Status};

use super::Farewell;

/// One byte of flags and four of length go before each message.
const PREFIX_BYTES: usize = 5;

/// As much of a message as its sequence and cursor need.
const HEAD_BYTES: usize = 256;

/// A live stream's response body: passed through until `ending` resolves, then ended after the message in flight. One
/// whose deadline passes at the gateway first ends in the same way.
pub(crate) struct PoliteBody {
    inner: Body,
    ending: Ending,
    farewell: Farewell,
    messages: Messages,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Passing,
    /// The goodbye is due as soon as the message in flight is whole.
    Ending,
    /// The goodbye's message is sent, its status is not.
    Trailing(Reason),
    Over,
}

impl PoliteBody {
    pub(crate) fn new(inner: Body, ending: Ending, farewell: Farewell) -> Self {
        Self { inner, ending, farewell, messages: Messages::default(), state: State::Passing }
    }

    fn pass(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.data_ref() {
            Some(data) => self.messages.read(data, &mut self.farewell),
            None => self.state = State::Over,
        }
        frame
    }

    /// What becomes of the service's stream when it is lost.
    fn lost(&mut self, status: Status) -> Result<Frame<Bytes>, Status> {
        let is_late = status.code() == Code::DeadlineExceeded;
        if is_late && self.messages.is_between() && !self.farewell.is_said() {
            return Ok(self.goodbye(Reason::Deadline));
        }
        self.state = State::Over;
        Err(status)
    }

    fn goodbye(&mut self, reason: Reason) -> Frame<Bytes> {
        self.state = State::Trailing(reason);
        let message = self.farewell.message(reason, tickmesh_mesh::clock::now());
        let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.encoded_len());
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.encoded_len()).expect("a goodbye is short"));
        message.encode(&mut framed).expect("a buffer of bytes grows");
        Frame::data(framed.freeze())
    }

    fn trailers(&mut self, reason: Reason) -> Frame<Bytes> {
        self.state = State::Over;
        self.inner = Body::empty(); // the stream behind is not read any more
        let mut trailers = HeaderMap::new();
        self.farewell.status(reason).add_header(&mut trailers).expect("a status of ours is made of header text");
        Frame::trailers(trailers)
    }
}

impl http_body::Body for PoliteBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.state == State::Passing && Pin::new(&mut this.ending).poll(context).is_ready() {
            this.state = State::Ending;
        }
        match this.state {
            State::Over => Poll::Ready(None),
            State::Trailing(reason) => Poll::Ready(Some(Ok(this.trailers(reason)))),
            // One goodbye is enough: after the service's own only its status is to come.
            State::Ending if this.messages.is_between() && !this.farewell.is_said() => {
                Poll::Ready(Some(Ok(this.goodbye(Reason::Draining))))
            }
            State::Passing | State::Ending => {
                Poll::Ready(match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                    Some(Ok(frame)) => Some(Ok(this.pass(frame))),
                    Some(Err(status)) => Some(this.lost(status)),
                    None => None,
                })
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Over || (self.state == State::Passing && self.inner.is_end_stream())
    }
}

/// Finds the messages in a body's bytes, however they are cut.
#[derive(Debug, Default)]
struct Messages {
    /// The prefix of the message to come, as far as it has arrived; then the beginning of the message in flight.
    head: Vec<u8>,
    /// Bytes of the message in flight that are still to come; `None` between messages and inside a prefix.
    missing: Option<usize>,
}

impl Messages {
    /// Whether the bytes so far end with a whole message.
    fn is_between(&self) -> bool {
        self.missing.is_none() && self.head.is_empty()
    }

    fn read(&mut self, mut data: &[u8], farewell: &mut Farewell) {
        while !data.is_empty() {
            data = match self.missing {
                None => self.read_prefix(data),
                Some(missing) => self.read_message(missing, data),
            };
            if self.missing == Some(0) {
                farewell.saw(&self.head);
                *self = Self::default();
            }
        }
    }

    fn read_prefix<'d>(&mut self, data: &'d [u8]) -> &'d [u8] {
        let (taken, rest) = data.split_at(data.len().min(PREFIX_BYTES - self.head.len()));
        self.head.extend_from_slice(taken);
        if let [_flags, a, b, c, d] = self.head[..] {
            self.missing = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok();
            self.head.clear();
        }
        rest
    }

    fn read_message<'d>(&mut self, missing: usize, data: &'d [u8]) -> &'d [u8] {
        let (taken, rest) = data.split_at(data.len().min(missing));
        let wanted = taken.len().min(HEAD_BYTES - self.head.len());
        self.head.extend_from_slice(&taken[..wanted]);
        self.missing = Some(missing - taken.len());
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tickmesh_proto::market::v1::StreamTicksResponse;

    use super::*;
    use crate::contract::Contracts;

    fn farewell() -> Farewell {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        Farewell::of(contracts.method("/tickmesh.market.v1.MarketService/StreamTicks").unwrap()).unwrap()
    }

    fn framed(sequence: u64, cursor: String) -> Vec<u8> {
        let message = StreamTicksResponse { sequence, cursor, ..Default::default() }.encode_to_vec();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0][..], &length, &message].concat()
    }

    proptest! {
        /// However a body is cut, the last message is known, and only whole messages are ends.
        #[test]
        fn messages_are_found_in_any_pieces(sizes in prop::collection::vec(0_usize..600, 1..5), cuts in prop::collection::vec(1_usize..300, 1..20)) {
            let cursors: Vec<_> = sizes.iter().map(|size| "c".repeat(*size % 200 + 1)).collect();
            let bodies: Vec<_> = cursors.iter().enumerate().map(|(at, cursor)| framed(at as u64 + 1, cursor.clone())).collect();
            let ends: Vec<_> = bodies.iter().scan(0, |end, body| { *end += body.len(); Some(*end) }).collect();
            let body = bodies.concat();
            let (mut messages, mut farewell, mut read) = (Messages::default(), farewell(), 0);
            for cut in cuts.iter().cycle() {
                let piece = &body[read..(read + cut).min(body.len())];
                messages.read(piece, &mut farewell);
                read += piece.len();
                prop_assert_eq!(messages.is_between(), ends.contains(&read));
                if read == body.len() { break }
            }
            prop_assert_eq!(farewell.position.sequence, cursors.len() as u64);
            prop_assert_eq!(&farewell.position.cursor, cursors.last().unwrap());
        }
    }
}
