use bytes::Bytes;

use super::Position;
use super::keys::KeyId;
use super::piece::Piece;

/// The newest event of each key, also of those whose event has left the window.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    by_key: Vec<Place>,
}

/// Where the newest event of a key is.
#[derive(Clone, Debug, Default)]
struct Place {
    /// `START` as long as the key has no visible event.
    position: Position,
    /// A copy, once the window has dropped the event.
    kept: Option<Kept>,
}

/// An event that has left the window and is still the newest of its key.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) body: Bytes,
    pub(crate) inner: Option<Bytes>,
}

impl Newest {
    /// Takes up events that have become visible.
    pub(crate) fn update(&mut self, piece: &Piece) {
        for (index, entry) in piece.entries().iter().enumerate() {
            let key = entry.key as usize;
            if self.by_key.len() <= key {
                self.by_key.resize(key + 1, Place::default());
            }
            self.by_key[key] = Place { position: piece.base().plus(index as u64 + 1), kept: None };
        }
    }

    /// Copies what is still the newest of its key out of a piece that leaves the window.
    pub(crate) fn rescue(&mut self, piece: &Piece) {
        for (index, entry) in piece.entries().iter().enumerate() {
            let place = &mut self.by_key[entry.key as usize];
            if place.position == piece.base().plus(index as u64 + 1) {
                let copy = Bytes::copy_from_slice(&piece.body(index));
                let inner = entry.inner_range().map(|range| copy.slice(range));
                place.kept = Some(Kept { body: copy, inner });
            }
        }
    }

    /// The place of a key's newest event; `None` if it has none.
    pub(crate) fn position(&self, key: KeyId) -> Option<Position> {
        let place = self.by_key.get(key as usize)?;
        (place.position > Position::START).then_some(place.position)
    }

    /// The copy of a key's newest event, if the window has dropped it.
    pub(crate) fn kept(&self, key: KeyId) -> Option<&Kept> {
        self.by_key.get(key as usize)?.kept.as_ref()
    }

    /// The keys whose newest event has left the window, with its place.
    pub(crate) fn all_kept(&self) -> impl Iterator<Item = (KeyId, Position, &Kept)> {
        self.by_key.iter().zip(0..).filter_map(|(place, key)| Some((key, place.position, place.kept.as_ref()?)))
    }
}
