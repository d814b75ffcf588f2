//! How a live stream ends when the gateway drains, its connection grows old or its call's deadline passes here first:
//! with `EndOfStream` and a status, as the services themselves end theirs.
//!
//! The gateway says goodbye in the service's name: after the last whole message, with the next sequence and the last
//! cursor. A client then resumes without repeat or hole.

mod polite;
mod position;

use std::time::Duration;

use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::{Code, Fault};
use tickmesh_proto::r#type::v1::{EndOfStream, end_of_stream::Reason};
use tickmesh_proto::types::Timestamp;
use tonic::Status;

use crate::contract::Method;
use crate::live::is_live;
pub(crate) use polite::PoliteBody;
use position::Position;

/// When a client should come back.
const RETRY: Duration = Duration::from_secs(1);

/// The goodbye of one live stream.
#[derive(Debug)]
pub(crate) struct Farewell {
    output: MessageDescriptor,
    position: Position,
}

impl Farewell {
    /// The goodbye of a call to `method`; `None` if it is no live stream and ends by itself.
    pub(crate) fn of(method: &Method) -> Option<Self> {
        is_live(method).then(|| Self { output: method.output(), position: Position::default() })
    }

    /// Notes where the stream stands after an encoded message, of which the beginning is enough.
    pub(crate) fn saw(&mut self, message: &[u8]) {
        self.position.advance(message);
    }

    /// Whether the service itself has said goodbye.
    pub(crate) fn is_said(&self) -> bool {
        self.position.has_ended
    }

    /// The last message.
    pub(crate) fn message(&self, reason: Reason, now: Timestamp) -> DynamicMessage {
        let Position { sequence, cursor, has_ended: _ } = &self.position;
        let mut message = DynamicMessage::new(self.output.clone());
        message.set_field_by_name("sequence", Value::U64(sequence + 1));
        message.set_field_by_name("cursor", Value::String(cursor.clone()));
        let send_time = prost_types::Timestamp::from(now);
        let end = EndOfStream { reason: reason.into(), cursor: cursor.clone() };
        for (name, encoded) in [("send_time", send_time.encode_to_vec()), ("end_of_stream", end.encode_to_vec())] {
            if let Some(field) = self.output.get_field_by_name(name)
                && let prost_reflect::Kind::Message(inner) = field.kind()
                && let Ok(inner) = DynamicMessage::decode(inner, encoded.as_slice())
            {
                message.set_field(&field, Value::Message(inner));
            }
        }
        message
    }

    /// The status after it.
    pub(crate) fn status(&self, reason: Reason) -> Status {
        let cursor = &self.position.cursor;
        let after = if cursor.is_empty() { "" } else { " and go on after its cursor" };
        let fault = match reason {
            Reason::Deadline => {
                Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the call's deadline has passed")
            }
            Reason::Draining | Reason::Unspecified => {
                Fault::unavailable("DRAINING", format!("the gateway ends this stream; call again{after}"), RETRY)
            }
        };
        // A stream that had not begun has no place: who resumed one still has the cursor that it came with.
        if cursor.is_empty() { fault.into() } else { fault.meta("cursor", cursor).into() }
    }
}

/// Awaits what a stream begins with. A live one whose service keeps it waiting is answered when the gateway ends: it is
/// sent to another, and holds up no drain.
///
/// # Errors
/// What the stream ends with before it began; `farewell`'s status.
pub(crate) async fn unless_ending<T, E: From<Status>>(
    ending: &mut Ending,
    farewell: Option<&Farewell>,
    beginning: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Some(farewell) = farewell else { return beginning.await };
    tokio::select! {
        biased;
        begun = beginning => begun,
        _ = ending => Err(farewell.status(Reason::Draining).into()),
    }
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::market::v1::StreamTicksResponse;
    use tickmesh_proto::market::v1::stream_ticks_response::Control;

    use super::*;
    use crate::contract::Contracts;

    fn of(path: &str) -> Option<Farewell> {
        let contracts = Contracts::read(tickmesh_proto::FILE_DESCRIPTOR_SET).unwrap();
        Farewell::of(contracts.method(path).unwrap())
    }

    #[test]
    fn the_last_message_goes_on_from_the_one_before() {
        let mut farewell = of("/tickmesh.market.v1.MarketService/StreamTicks").unwrap();
        let message = |sequence, cursor: &str| {
            StreamTicksResponse { sequence, cursor: cursor.to_owned(), ..Default::default() }.encode_to_vec()
        };
        farewell.saw(&message(1, "c1"));
        farewell.saw(&message(2, ""));
        let last = farewell.message(Reason::Draining, Timestamp::from_nanos(5)).encode_to_vec();
        let last = StreamTicksResponse::decode(last.as_slice()).unwrap();
        assert_eq!((last.sequence, last.cursor.as_str()), (3, "c1"), "a message without cursor moves none");
        let Some(Control::EndOfStream(end)) = last.control else { panic!("{last:?}") };
        assert_eq!((end.reason(), end.cursor.as_str()), (Reason::Draining, "c1"));
        let status = Fault::from(farewell.status(Reason::Draining));
        assert_eq!(status.metadata("cursor"), Some("c1"));
    }

    #[test]
    fn a_stream_that_has_not_begun_says_no_cursor() {
        let farewell = of("/tickmesh.market.v1.MarketService/StreamTicks").unwrap();
        let status = farewell.status(Reason::Draining);
        assert_eq!(status.message(), "the gateway ends this stream; call again");
        assert_eq!(Fault::from(status).metadata("cursor"), None);
    }
}
