use std::sync::Arc;

use tickmesh_proto::types::Timestamp;

use super::Position;
use super::piece::Piece;

/// The events of one file, in memory.
///
/// New events come as pieces; small ones are joined as in a binary counter, so that each byte is moved a logarithmic
/// number of times and a reader meets a logarithmic number of pieces. A closed segment is one piece.
#[derive(Debug)]
pub(crate) struct Segment {
    base: Position,
    pieces: Vec<Arc<Piece>>,
}

impl Segment {
    pub(crate) fn new(base: Position) -> Self {
        Self { base, pieces: Vec::new() }
    }

    /// The place before the first event.
    pub(crate) fn base(&self) -> Position {
        self.base
    }

    /// The place of the last event.
    pub(crate) fn end(&self) -> Position {
        self.pieces.last().map_or(self.base, |piece| piece.end())
    }

    /// How many events it has.
    pub(crate) fn events(&self) -> u64 {
        self.end().since(self.base)
    }

    /// The size of its framed events.
    pub(crate) fn size(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.size() as u64).sum()
    }

    /// The latest time at which one of its events was received.
    pub(crate) fn newest_receipt(&self) -> Timestamp {
        self.pieces.iter().map(|piece| piece.newest_receipt()).max().unwrap_or(Timestamp::MIN)
    }

    pub(crate) fn pieces(&self) -> &[Arc<Piece>] {
        &self.pieces
    }

    /// Adds the events that follow.
    pub(crate) fn push(&mut self, piece: Piece) {
        debug_assert_eq!(self.end(), piece.base());
        self.pieces.push(Arc::new(piece));
        while let [.., before, last] = self.pieces.as_slice()
            && before.size() < 2 * last.size()
        {
            self.join_last();
        }
    }

    /// Joins all pieces: no more events will come.
    pub(crate) fn close(&mut self) {
        while self.pieces.len() > 1 {
            self.join_last();
        }
    }

    fn join_last(&mut self) {
        if let Some(last) = self.pieces.pop()
            && let Some(before) = self.pieces.pop()
        {
            self.pieces.push(Arc::new(before.join(&last)));
        }
    }

    /// The piece that holds the first event after a place.
    pub(crate) fn piece_after(&self, position: Position) -> Option<&Arc<Piece>> {
        let index = self.pieces.partition_point(|piece| piece.end() <= position);
        self.pieces.get(index)
    }
}
