//! The bytes of a segment's file.
//!
//! ```text
//! file    = header frame*
//! header  = "tickmesh" · version u32 · epoch u64 · base u64 · crc32 u32          (of what stands before)
//! frame   = length u32 · crc32 u32 · payload                                     (both of the payload)
//! payload = 1 · name                                                             the next symbol of this file, from 0
//!         | 2 · symbol u32 · kind u8 · time frame u8 · event time i64 · receive time i64
//!             · inner start u16 · inner length u16 · body                        an event
//!         | 3 · …as 2…                                                           an event that ends its append
//! ```
//!
//! Numbers are little-endian. An inner start of 0xFFFF says that there is none. A file that was cut anywhere holds
//! whole appends up to the last payload 3 that is intact; what follows was never acknowledged.

use std::ops::Range;

use tickmesh_proto::types::Timestamp;

use super::{Epoch, Position, Record};

const MAGIC: &[u8; 8] = b"tickmesh";
const VERSION: u32 = 1;
/// The size of a file's header in bytes.
pub(crate) const HEADER_BYTES: usize = 8 + 4 + 8 + 8 + 4;
const FRAME_BYTES: usize = 8;
const EVENT_BYTES: usize = 1 + 4 + 1 + 1 + 8 + 8 + 2 + 2;
const NO_INNER: u16 = u16::MAX;

const SYMBOL: u8 = 1;
const EVENT: u8 = 2;
const LAST_EVENT: u8 = 3;

/// What a segment's file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The log that it belongs to.
    pub(crate) epoch: Epoch,
    /// The place before its first event.
    pub(crate) base: Position,
}

impl Header {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut buf = Vec::with_capacity(HEADER_BYTES);
        buf.extend_from_slice(MAGIC);
        buf.extend_from_slice(&VERSION.to_le_bytes());
        buf.extend_from_slice(&self.epoch.bits().to_le_bytes());
        buf.extend_from_slice(&self.base.get().to_le_bytes());
        buf.extend_from_slice(&crc32fast::hash(&buf).to_le_bytes());
        buf
    }

    /// The header at the begin of a file; `None` if it is torn or not ours.
    pub(crate) fn decode(file: &[u8]) -> Option<Self> {
        let mut cursor = Reader(file.get(..HEADER_BYTES)?);
        let sum = crc32fast::hash(&file[..HEADER_BYTES - 4]);
        let ours = cursor.take(8)? == MAGIC && cursor.u32()? == VERSION;
        let header = Self { epoch: Epoch::from_bits(cursor.u64()?), base: Position::new(cursor.u64()?) };
        (ours && cursor.u32()? == sum).then_some(header)
    }
}

/// What one frame holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// The next symbol of this file.
    Symbol(&'a str),
    /// An event.
    Event(StoredEvent<'a>),
}

/// An event as it stands in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StoredEvent<'a> {
    /// The symbol's number in this file.
    pub(crate) symbol: u32,
    pub(crate) kind: u8,
    pub(crate) time_frame: u8,
    pub(crate) event_time: Timestamp,
    pub(crate) receive_time: Timestamp,
    pub(crate) inner: Option<Range<usize>>,
    pub(crate) body: &'a [u8],
    /// Whether the append that wrote it ends here.
    pub(crate) last: bool,
}

/// Puts the definition of a symbol.
pub(crate) fn put_symbol(buf: &mut Vec<u8>, name: &str) {
    put_frame(buf, |buf| {
        buf.push(SYMBOL);
        buf.extend_from_slice(name.as_bytes());
    });
}

/// Puts an event.
pub(crate) fn put_event(buf: &mut Vec<u8>, symbol: u32, record: &Record<'_>, last: bool) {
    let inner = record.inner.clone().unwrap_or(usize::from(NO_INNER)..usize::from(NO_INNER));
    put_frame(buf, |buf| {
        buf.push(if last { LAST_EVENT } else { EVENT });
        buf.extend_from_slice(&symbol.to_le_bytes());
        buf.extend_from_slice(&[record.kind, record.time_frame]);
        buf.extend_from_slice(&record.event_time.nanos().to_le_bytes());
        buf.extend_from_slice(&record.receive_time.nanos().to_le_bytes());
        buf.extend_from_slice(&short(inner.start).to_le_bytes());
        buf.extend_from_slice(&short(inner.len()).to_le_bytes());
        buf.extend_from_slice(&record.body);
    });
}

fn short(within_body: usize) -> u16 {
    u16::try_from(within_body).expect("records are checked against MAX_EVENT_BYTES, which fits")
}

fn put_frame(buf: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
    let start = buf.len();
    buf.extend_from_slice(&[0; FRAME_BYTES]);
    payload(buf);
    let body = start + FRAME_BYTES;
    let len = u32::try_from(buf.len() - body).expect("a payload is about as long as an event");
    let sum = crc32fast::hash(&buf[body..]);
    buf[start..start + 4].copy_from_slice(&len.to_le_bytes());
    buf[start + 4..body].copy_from_slice(&sum.to_le_bytes());
}

/// The frame at the begin of `bytes` and its size; `None` if it is torn or damaged.
pub(crate) fn next(bytes: &[u8]) -> Option<(Payload<'_>, usize)> {
    let mut cursor = Reader(bytes);
    let len = usize::try_from(cursor.u32()?).ok()?;
    let sum = cursor.u32()?;
    let payload = cursor.take(len)?;
    if crc32fast::hash(payload) != sum {
        return None;
    }
    Some((decode(payload)?, FRAME_BYTES + len))
}

fn decode(payload: &[u8]) -> Option<Payload<'_>> {
    let (tag, rest) = payload.split_first()?;
    match *tag {
        SYMBOL => std::str::from_utf8(rest).ok().map(Payload::Symbol),
        EVENT | LAST_EVENT => decode_event(rest, *tag == LAST_EVENT).map(Payload::Event),
        _ => None,
    }
}

fn decode_event(bytes: &[u8], last: bool) -> Option<StoredEvent<'_>> {
    let body = bytes.get(EVENT_BYTES - 1..)?;
    let mut cursor = Reader(bytes);
    Some(StoredEvent {
        symbol: cursor.u32()?,
        kind: cursor.u8()?,
        time_frame: cursor.u8()?,
        event_time: Timestamp::from_nanos(cursor.i64()?),
        receive_time: Timestamp::from_nanos(cursor.i64()?),
        inner: decode_inner(cursor.u16()?, cursor.u16()?, body.len())?,
        body,
        last,
    })
}

/// The inner range, or `None` outside if it does not lie in the body.
#[allow(clippy::option_option)] // absent and impossible are two things
fn decode_inner(start: u16, len: u16, body: usize) -> Option<Option<Range<usize>>> {
    if start == NO_INNER {
        return Some(None);
    }
    let range = usize::from(start)..usize::from(start) + usize::from(len);
    (range.end <= body).then_some(Some(range))
}

/// Takes little-endian numbers from the front of a slice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { epoch: Epoch::from_bits(7), base: Position::new(41) }
    }

    #[test]
    fn a_header_comes_back_and_a_damaged_one_does_not() {
        let mut bytes = header().encode();
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(Header::decode(&bytes), Some(header()));
        assert_eq!(Header::decode(&bytes[..HEADER_BYTES - 1]), None);
        bytes[20] ^= 1;
        assert_eq!(Header::decode(&bytes), None);
    }

    #[test]
    fn an_event_comes_back() {
        let record = Record {
            symbol: "AAPL",
            kind: 3,
            time_frame: 1,
            event_time: Timestamp::from_nanos(-5),
            receive_time: Timestamp::from_nanos(9),
            body: b"abcdef".as_slice().into(),
            inner: Some(2..5),
        };
        let mut buf = Vec::new();
        put_symbol(&mut buf, "AAPL");
        put_event(&mut buf, 0, &record, true);
        let (symbol, size) = next(&buf).unwrap();
        assert_eq!(symbol, Payload::Symbol("AAPL"));
        let Some((Payload::Event(event), rest)) = next(&buf[size..]) else { panic!("an event follows") };
        assert_eq!(size + rest, buf.len());
        assert_eq!((event.kind, event.time_frame, event.last), (3, 1, true));
        assert_eq!((event.event_time, event.receive_time), (record.event_time, record.receive_time));
        assert_eq!((event.inner, event.body), (Some(2..5), b"abcdef".as_slice()));
    }

    #[test]
    fn zeros_after_a_power_cut_are_no_frame() {
        assert_eq!(next(&[0; 64]), None);
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let mut buf = Vec::new();
        put_symbol(&mut buf, "NVDA");
        for bit in 0..buf.len() * 8 {
            let mut bad = buf.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(next(&bad), None, "bit {bit}");
        }
    }
}
