//! Where a live stream stands, read from its encoded messages without decoding them.

use prost::encoding::{WireType, decode_key, decode_varint};

/// The number of the last message, the last cursor, and whether the last message was a goodbye.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) sequence: u64,
    pub(super) cursor: String,
    pub(super) has_ended: bool,
}

/// Field numbers that every live stream's response shares.
const SEQUENCE: u32 = 1;
const CURSOR: u32 = 2;
const END_OF_STREAM: u32 = 8;

impl Position {
    /// Moves on by one message, of which the beginning is enough: events come after all of these fields.
    pub(super) fn advance(&mut self, mut message: &[u8]) {
        while let Ok((tag, wire_type)) = decode_key(&mut message) {
            let Ok(value) = decode_varint(&mut message) else { return };
            match (tag, wire_type) {
                (SEQUENCE, WireType::Varint) => self.sequence = value,
                (END_OF_STREAM, WireType::LengthDelimited) => return self.has_ended = true,
                (..END_OF_STREAM, WireType::LengthDelimited) => {
                    let field = usize::try_from(value).ok().and_then(|length| message.split_at_checked(length));
                    let Some((field, rest)) = field else { return };
                    if tag == CURSOR {
                        self.cursor = String::from_utf8_lossy(field).into_owned();
                    }
                    message = rest;
                }
                _ => return, // everything else comes after them
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;
    use tickmesh_proto::market::v1::stream_ticks_response::Control;
    use tickmesh_proto::market::v1::{StreamTicksResponse, Tick};
    use tickmesh_proto::r#type::v1::EndOfStream;

    use super::*;

    proptest! {
        #[test]
        fn reads_what_was_encoded(sequence in 1_u64.., cursor in "[a-z0-9.]{1,40}", ticks in 0_usize..4) {
            let ticks = vec![Tick { symbol: "AAPL".to_owned(), ..Tick::default() }; ticks];
            let message = StreamTicksResponse { sequence, cursor: cursor.clone(), ticks, ..Default::default() };
            let mut position = Position::default();
            position.advance(&message.encode_to_vec());
            prop_assert_eq!(position, Position { sequence, cursor, has_ended: false });
        }

        #[test]
        fn knows_a_goodbye(sequence in 1_u64.., cursor in "[a-z0-9.]{0,40}", seconds in any::<i64>()) {
            let end = EndOfStream { cursor: cursor.clone(), ..EndOfStream::default() };
            let send_time = Some(prost_types::Timestamp { seconds, nanos: 1 });
            let control = Some(Control::EndOfStream(end));
            let message = StreamTicksResponse { sequence, cursor: cursor.clone(), send_time, control, ..Default::default() };
            let mut position = Position::default();
            position.advance(&message.encode_to_vec());
            prop_assert_eq!(position, Position { sequence, cursor, has_ended: true });
        }

        #[test]
        fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            Position::default().advance(&bytes);
        }
    }
}
