use std::ops::Range;

use bytes::Bytes;
use tickmesh_proto::types::Timestamp;

use super::keys::KeyId;
use super::{Position, Record};
use crate::wire::event;

/// A run of events that never changes: their framed bytes, one after the other, and an index over them.
///
/// Readers share it behind an `Arc` and need no lock while they walk it.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The place before the first event.
    base: Position,
    entries: Vec<Entry>,
    bytes: Bytes,
    newest_receipt: Timestamp,
}

/// An event in the index of a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) key: KeyId,
    /// Where the framed event ends in the piece's bytes; it begins where the one before ends.
    end: u32,
    inner: Option<Inner>,
    pub(crate) event_time: Timestamp,
    pub(crate) receive_time: Timestamp,
}

/// Where in an event a smaller message lies.
#[derive(Clone, Copy, Debug)]
struct Inner {
    start: u16,
    len: u16,
}

impl Piece {
    pub(crate) fn base(&self) -> Position {
        self.base
    }

    /// The place of the last event.
    pub(crate) fn end(&self) -> Position {
        self.base.plus(self.entries.len() as u64)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The size of all framed events.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The latest time at which one of the events was received.
    pub(crate) fn newest_receipt(&self) -> Timestamp {
        self.newest_receipt
    }

    /// The index of the first event after a place.
    pub(crate) fn index_after(&self, position: Position) -> usize {
        usize::try_from(position.since(self.base)).unwrap_or(usize::MAX).min(self.entries.len())
    }

    /// Where the framed events of an index range lie.
    pub(crate) fn span(&self, events: Range<usize>) -> Range<usize> {
        self.offset(events.start)..self.offset(events.end)
    }

    fn offset(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.entries[before].end as usize)
    }

    /// A part of the framed bytes, shared.
    pub(crate) fn slice(&self, span: Range<usize>) -> Bytes {
        self.bytes.slice(span)
    }

    /// An event without its frame, shared.
    pub(crate) fn body(&self, index: usize) -> Bytes {
        event::unframe(&self.bytes.slice(self.span(index..index + 1)))
    }

    /// The smaller message inside an event, shared.
    pub(crate) fn inner(&self, index: usize) -> Option<Bytes> {
        let range = self.entries[index].inner_range()?;
        Some(self.body(index).slice(range))
    }

    /// The index from which on the framed events fit no more into `budget` bytes, beginning at `from`.
    pub(crate) fn fitting(&self, from: usize, budget: usize) -> usize {
        let limit = self.offset(from) + budget;
        from + self.entries[from..].partition_point(|entry| entry.end as usize <= limit)
    }

    /// Both pieces as one. `later` must follow directly.
    pub(crate) fn join(&self, later: &Self) -> Self {
        debug_assert_eq!(self.end(), later.base);
        let mut joined =
            PieceBuilder::new(self.base, self.entries.len() + later.entries.len(), self.size() + later.size());
        joined.extend(self);
        joined.extend(later);
        joined.build()
    }
}

impl Entry {
    /// Where the smaller message lies in the event.
    pub(crate) fn inner_range(&self) -> Option<Range<usize>> {
        self.inner.map(|inner| usize::from(inner.start)..usize::from(inner.start) + usize::from(inner.len))
    }

    /// The size of the smaller message.
    pub(crate) fn inner_len(&self) -> Option<usize> {
        self.inner.map(|inner| usize::from(inner.len))
    }
}

/// A piece being made.
pub(crate) struct PieceBuilder {
    base: Position,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

impl PieceBuilder {
    pub(crate) fn new(base: Position, events: usize, bytes: usize) -> Self {
        Self { base, entries: Vec::with_capacity(events), bytes: Vec::with_capacity(bytes) }
    }

    /// Room for these records, to the byte.
    pub(crate) fn for_records(base: Position, records: &[Record<'_>]) -> Self {
        Self::new(base, records.len(), records.iter().map(|record| event::framed_len(record.body.len())).sum())
    }

    /// Adds an event, framed.
    pub(crate) fn push(&mut self, key: KeyId, event: &Parts<'_>) {
        event::put(&mut self.bytes, event.body);
        self.entries.push(Entry {
            key,
            end: offset(self.bytes.len()),
            inner: event.inner.as_ref().map(|range| Inner { start: short(range.start), len: short(range.len()) }),
            event_time: event.event_time,
            receive_time: event.receive_time,
        });
    }

    fn extend(&mut self, piece: &Piece) {
        let shift = offset(self.bytes.len());
        self.bytes.extend_from_slice(&piece.bytes);
        self.entries.extend(piece.entries.iter().map(|entry| Entry { end: entry.end + shift, ..*entry }));
    }

    pub(crate) fn build(self) -> Piece {
        let Self { base, entries, bytes } = self;
        let newest_receipt = entries.iter().map(|entry| entry.receive_time).max().unwrap_or(Timestamp::MIN);
        Piece { base, entries, bytes: bytes.into(), newest_receipt }
    }
}

/// What a piece keeps of an event.
pub(crate) struct Parts<'a> {
    pub(crate) event_time: Timestamp,
    pub(crate) receive_time: Timestamp,
    pub(crate) inner: Option<Range<usize>>,
    pub(crate) body: &'a [u8],
}

fn offset(len: usize) -> u32 {
    u32::try_from(len).expect("an append is limited to MAX_APPEND_BYTES, so a piece to far less than 4 GiB")
}

fn short(within_body: usize) -> u16 {
    u16::try_from(within_body).expect("events are limited to MAX_EVENT_BYTES, which fits")
}
