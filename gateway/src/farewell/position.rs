//! Where a live stream stands, read from its encoded messages without decoding them.

use prost::encoding::{WireType, decode_key, decode_varint};

/// The number of the last message and the last cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) sequence: u64,
    pub(super) cursor: String,
}

/// Field numbers that every live stream's response shares.
const SEQUENCE: u32 = 1;
const CURSOR: u32 = 2;

impl Position {
    /// Moves on by one message, of which the beginning is enough: both fields stand first in it.
    pub(super) fn advance(&mut self, mut message: &[u8]) {
        while let Ok((tag, wire_type)) = decode_key(&mut message) {
            let Ok(value) = decode_varint(&mut message) else { return };
            match (tag, wire_type) {
                (SEQUENCE, WireType::Varint) => self.sequence = value,
                (CURSOR, WireType::LengthDelimited) => {
                    let text = usize::try_from(value).ok().and_then(|length| message.split_at_checked(length));
                    let Some((text, rest)) = text else { return };
                    self.cursor = String::from_utf8_lossy(text).into_owned();
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
    use tickmesh_proto::market::v1::{StreamTicksResponse, Tick};

    use super::*;

    proptest! {
        #[test]
        fn reads_what_was_encoded(sequence in 1_u64.., cursor in "[a-z0-9.]{1,40}", ticks in 0_usize..4) {
            let ticks = vec![Tick { symbol: "AAPL".to_owned(), ..Tick::default() }; ticks];
            let message = StreamTicksResponse { sequence, cursor: cursor.clone(), ticks, ..Default::default() };
            let mut position = Position::default();
            position.advance(&message.encode_to_vec());
            prop_assert_eq!(position, Position { sequence, cursor });
        }

        #[test]
        fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            Position::default().advance(&bytes);
        }
    }
}
