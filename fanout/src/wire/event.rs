//! How an event stands in a message: field 15, its length, its bytes.
//!
//! A repeated field's encoding is the concatenation of its elements' encodings. So an event framed once can be copied
//! into any message, whatever stands around it.

use bytes::Bytes;
use prost::encoding::{encode_varint, encoded_len_varint};

/// The key of field 15 with wire type 2, which all live streams use for their events.
const KEY: u8 = 15 << 3 | 2;

/// `is_snapshot = true`: field 100 with wire type 0, which all event messages share. It may stand anywhere in a
/// message.
const IS_SNAPSHOT: [u8; 3] = [0xA0, 0x06, 0x01];

/// The size of an event of `len` bytes when it is framed.
pub(crate) fn framed_len(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}

/// Puts a framed event.
pub(crate) fn put(buf: &mut Vec<u8>, event: &[u8]) {
    put_key(buf, event.len());
    buf.extend_from_slice(event);
}

/// Puts a framed event, marked as one of the snapshot.
pub(crate) fn put_snapshot(buf: &mut Vec<u8>, event: &[u8]) {
    put_key(buf, event.len() + IS_SNAPSHOT.len());
    buf.extend_from_slice(event);
    buf.extend_from_slice(&IS_SNAPSHOT);
}

/// The event in a frame, shared.
pub(crate) fn unframe(framed: &Bytes) -> Bytes {
    let varint = framed[1..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
    framed.slice(1 + varint..)
}

/// Puts what stands before an event of `len` bytes.
pub(crate) fn put_key(buf: &mut Vec<u8>, len: usize) {
    buf.push(KEY);
    encode_varint(len as u64, buf);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;
    use tickmesh_proto::market::v1::{Bar, StreamBarsResponse};

    use super::*;

    fn bar(close: f64) -> Bar {
        Bar { symbol: "AAPL".into(), close, ..Bar::default() }
    }

    #[test]
    fn framed_events_are_a_repeated_field() {
        let mut buf = Vec::new();
        put(&mut buf, &bar(1.0).encode_to_vec());
        put_snapshot(&mut buf, &bar(2.0).encode_to_vec());
        let bars = StreamBarsResponse::decode(buf.as_slice()).unwrap().bars;
        assert_eq!(bars, [bar(1.0), Bar { is_snapshot: true, ..bar(2.0) }]);
    }

    proptest! {
        #[test]
        fn unframing_undoes_framing(event in prop::collection::vec(any::<u8>(), 0..20_000)) {
            let mut buf = Vec::new();
            put(&mut buf, &event);
            prop_assert_eq!(buf.len(), framed_len(event.len()));
            prop_assert_eq!(unframe(&buf.into()), event);
        }
    }
}
