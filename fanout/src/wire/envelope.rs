use bytes::Bytes;
use prost::Message;
use prost::encoding;
use tickmesh_proto::r#type::v1::{Ack, EndOfStream, Gap, Heartbeat, SnapshotComplete};
use tickmesh_proto::types::Timestamp;

use super::event;
use crate::cursor::Cursor;
use crate::log::{Cut, Part};

/// Messages are smaller than this, in bytes.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// More than a sequence, a cursor and a time need: 11, 2 + 34 and 2 + 17 bytes.
const HEAD_BYTES: usize = 96;
const _: () = assert!(HEAD_BYTES > 11 + 2 + Cursor::MAX_LEN + 19);

/// The bytes of events that one message may hold.
pub(crate) const MAX_EVENTS_BYTES: usize = MAX_MESSAGE_BYTES - HEAD_BYTES - 1;

const SEQUENCE: u32 = 1;
const CURSOR: u32 = 2;
const SEND_TIME: u32 = 3;

/// What all messages begin with. The fields have the same numbers in every live stream's response.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) sequence: u64,
    /// Absent in what belongs to a snapshot.
    pub(crate) cursor: Option<String>,
    pub(crate) send_time: Timestamp,
}

/// The control messages, with their field numbers from 4 to 8.
#[derive(Clone, Debug)]
pub(crate) enum Control {
    Ack(Ack),
    SnapshotComplete(SnapshotComplete),
    Heartbeat(Heartbeat),
    Gap(Gap),
    EndOfStream(EndOfStream),
}

impl Envelope {
    /// A message with a control.
    pub(crate) fn control(&self, control: &Control) -> Bytes {
        let mut buf = Vec::with_capacity(HEAD_BYTES);
        self.head(&mut buf);
        match control {
            Control::Ack(ack) => put(4, ack, &mut buf),
            Control::SnapshotComplete(complete) => put(5, complete, &mut buf),
            Control::Heartbeat(heartbeat) => put(6, heartbeat, &mut buf),
            Control::Gap(gap) => put(7, gap, &mut buf),
            Control::EndOfStream(end) => put(8, end, &mut buf),
        }
        buf.into()
    }

    /// A message with events: their bytes are copied, once.
    pub(crate) fn events(&self, cut: &Cut) -> Bytes {
        let mut buf = Vec::with_capacity(HEAD_BYTES + cut.bytes);
        self.head(&mut buf);
        for part in &cut.parts {
            match part {
                Part::Framed(events) => buf.extend_from_slice(events),
                Part::Bare(one) => event::put(&mut buf, one),
            }
        }
        buf.into()
    }

    fn head(&self, buf: &mut Vec<u8>) {
        encoding::uint64::encode(SEQUENCE, &self.sequence, buf);
        if let Some(cursor) = &self.cursor {
            encoding::string::encode(CURSOR, cursor, buf);
        }
        put(SEND_TIME, &prost_types::Timestamp::from(self.send_time), buf);
    }
}

fn put(field: u32, message: &impl Message, buf: &mut Vec<u8>) {
    encoding::message::encode(field, message, buf);
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::market::v1::stream_bars_response::Control as Decoded;
    use tickmesh_proto::market::v1::{Bar, StreamBarsResponse};

    use super::*;

    fn envelope() -> Envelope {
        Envelope { sequence: 7, cursor: Some("abc".into()), send_time: Timestamp::from_nanos(1_500_000_000) }
    }

    #[test]
    fn a_control_decodes_as_the_generated_message() {
        let heartbeat = Heartbeat { lag: 3, ..Heartbeat::default() };
        let message = StreamBarsResponse::decode(envelope().control(&Control::Heartbeat(heartbeat))).unwrap();
        assert_eq!(
            message,
            StreamBarsResponse {
                sequence: 7,
                cursor: "abc".into(),
                send_time: Some(prost_types::Timestamp { seconds: 1, nanos: 500_000_000 }),
                control: Some(Decoded::Heartbeat(heartbeat)),
                bars: vec![],
            }
        );
    }

    #[test]
    fn events_decode_whether_they_were_framed_or_not() {
        let bar = |close| Bar { close, ..Bar::default() };
        let mut framed = Vec::new();
        event::put(&mut framed, &bar(1.0).encode_to_vec());
        let parts = vec![Part::Framed(framed.into()), Part::Bare(bar(2.0).encode_to_vec().into())];
        let bytes = parts.iter().map(Part::len).sum();
        let message = StreamBarsResponse::decode(envelope().events(&Cut { parts, events: 2, bytes })).unwrap();
        assert_eq!(message.bars, [bar(1.0), bar(2.0)]);
        assert_eq!(message.control, None);
    }

    #[test]
    fn the_largest_head_fits() {
        let cursor = Some("x".repeat(Cursor::MAX_LEN));
        let largest = Envelope { sequence: u64::MAX, cursor, send_time: Timestamp::MIN };
        let mut buf = Vec::new();
        largest.head(&mut buf);
        assert!(buf.len() <= HEAD_BYTES, "{}", buf.len());
    }
}
