//! How an event stands in a message: field 15, its length, its bytes.
//!
//! A repeated field's encoding is the concatenation of its elements' encodings. So an event framed once can be copied
//! into any message, whatever stands around it.

use prost::encoding::{encode_varint, encoded_len_varint};

/// The key of field 15 with wire type 2, which all live streams use for their events.
const KEY: u8 = 15 << 3 | 2;

/// `is_snapshot = true`: field 100 with wire type 0, which all event messages share. It may stand anywhere in a message.
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

fn put_key(buf: &mut Vec<u8>, len: usize) {
    buf.push(KEY);
    encode_varint(len as u64, buf);
}
