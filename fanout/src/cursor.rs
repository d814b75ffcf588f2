//! Cursors as clients see them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::encoding::{decode_varint, encode_varint};

use crate::log::{Epoch, Position};

/// A place in the feed: all selected events up to it were delivered.
///
/// As text it is opaque and about 18 characters long: base64url of the epoch, the generation and the position, and a
/// checksum, so that a mistyped one is told from an old one.
///
/// ```text
/// cursor = epoch u64 · generation varint · position varint · first two bytes of the crc32 of these
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) epoch: Epoch,
    /// The opening of the log in which the cursor was made.
    pub(crate) generation: u32,
    pub(crate) position: Position,
}

/// Why a text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a cursor that a stream of this service sent")]
pub(crate) struct ParseCursorError;

impl Cursor {
    /// The longest text of a cursor, in bytes.
    pub(crate) const MAX_LEN: usize = 34;

    fn bytes(self) -> Vec<u8> {
        let mut bytes = self.epoch.bits().to_le_bytes().to_vec();
        encode_varint(u64::from(self.generation), &mut bytes);
        encode_varint(self.position.get(), &mut bytes);
        let sum = check(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<2>()?;
        let (epoch, mut rest) = body.split_first_chunk::<8>()?;
        let cursor = Self {
            epoch: Epoch::from_bits(u64::from_le_bytes(*epoch)),
            generation: decode_varint(&mut rest).ok()?.try_into().ok()?,
            position: Position::new(decode_varint(&mut rest).ok()?),
        };
        (rest.is_empty() && check(body) == *sum).then_some(cursor)
    }
}

fn check(bytes: &[u8]) -> [u8; 2] {
    let [first, second, ..] = crc32fast::hash(bytes).to_le_bytes();
    [first, second]
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.bytes()))
    }
}

impl std::str::FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_LEN {
            return Err(ParseCursorError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ParseCursorError)?;
        Self::from_bytes(&bytes).ok_or(ParseCursorError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn survives_its_text(epoch in any::<u64>(), generation in any::<u32>(), position in any::<u64>()) {
            let cursor = Cursor { epoch: Epoch::from_bits(epoch), generation, position: Position::new(position) };
            let text = cursor.to_string();
            prop_assert!(text.len() <= Cursor::MAX_LEN);
            prop_assert_eq!(text.parse(), Ok(cursor));
        }

        #[test]
        fn any_text_is_a_cursor_or_refused(text in ".{0,40}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn a_changed_letter_is_noticed() {
        let cursor = Cursor { epoch: Epoch::from_bits(1), generation: 2, position: Position::new(3) };
        let text = cursor.to_string();
        let changed = format!("{}{}", if text.starts_with('B') { 'C' } else { 'B' }, &text[1..]);
        assert_eq!(changed.parse::<Cursor>(), Err(ParseCursorError));
        assert_eq!("".parse::<Cursor>(), Err(ParseCursorError));
    }
}
