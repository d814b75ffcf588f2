//! What a subscriber reads: the wanted events after a place, or the newest of each key among them.

use std::sync::Arc;

use super::cut::{Cutter, Read};
use super::matcher::Matcher;
use super::newest::Kept;
use super::piece::Piece;
use super::window::Following;
use super::{Log, Position};

/// Events after the place have left the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dropped;

/// How many events one call looks at, at most, so that a rare selection does not hold a worker.
const MAX_WALK: u64 = 100_000;

impl Log {
    /// The wanted events after a place, in order, as many as fit.
    pub(crate) fn read_all(&self, after: Position, matcher: &mut Matcher, budget: usize) -> Result<Read, Dropped> {
        let head = self.learn(matcher).min(after.plus(MAX_WALK));
        let mut cutter = Cutter::new(matcher.view(), budget);
        let mut through = after;
        while through < head {
            let Following::Piece(piece) = self.following(through) else { return Err(Dropped) };
            let end = piece.index_after(head);
            let came_to = take(&mut cutter, matcher, &piece, piece.index_after(through), end);
            through = piece.base().plus(came_to as u64);
            if came_to < end {
                break;
            }
        }
        Ok(Read { cut: cutter.finish(), through })
    }

    /// The newest wanted event of each key after a place and up to `until`, ordered by place, as many as fit.
    ///
    /// Keys whose newest event the window has dropped are not forgotten: the log keeps those.
    pub(crate) fn read_latest(&self, after: Position, until: Position, matcher: &mut Matcher, budget: usize) -> Read {
        self.learn(matcher);
        let newest = self.newest_between(after, until, matcher);
        let mut cutter = Cutter::new(matcher.view(), budget);
        let mut through = after;
        for Candidate { position, event } in newest.into_iter().rev() {
            let added = match &event {
                Place::Window(piece, index) => cutter.add(piece, *index),
                Place::Kept(kept) => cutter.add_kept(kept),
            };
            if !added {
                return Read { cut: cutter.finish(), through };
            }
            through = position;
        }
        Read { cut: cutter.finish(), through: until }
    }

    /// Whether any wanted event lies after a place.
    pub(crate) fn any_after(&self, after: Position, matcher: &mut Matcher) -> bool {
        let head = self.learn(matcher);
        let mut place = after;
        while place < head {
            let Following::Piece(piece) = self.following(place) else { return true };
            let events = &piece.entries()[piece.index_after(place)..piece.index_after(head)];
            if events.iter().any(|entry| matcher.entry(entry)) {
                return true;
            }
            place = piece.end();
        }
        false
    }

    /// Candidates in descending order of place.
    fn newest_between(&self, after: Position, until: Position, matcher: &Matcher) -> Vec<Candidate> {
        let mut seen = Seen::default();
        let mut found = Vec::new();
        let mut place = until;
        while place > after {
            let Following::Piece(piece) = self.following(place.before()) else {
                found.extend(self.kept_between(after, place, matcher));
                break;
            };
            let (from, to) = (piece.index_after(after), piece.index_after(place));
            for index in (from..to).rev() {
                let entry = &piece.entries()[index];
                if matcher.entry(entry) && seen.insert(entry.key) {
                    let position = piece.base().plus(index as u64 + 1);
                    found.push(Candidate { position, event: Place::Window(Arc::clone(&piece), index) });
                }
            }
            place = piece.base();
        }
        found
    }

    fn kept_between(&self, after: Position, until: Position, matcher: &Matcher) -> Vec<Candidate> {
        let window = self.window();
        let mut kept: Vec<_> = window
            .newest
            .all_kept()
            .filter(|(key, position, _)| *position > after && *position <= until && matcher.key(*key))
            .map(|(_, position, kept)| Candidate { position, event: Place::Kept(kept.clone()) })
            .collect();
        kept.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.position));
        kept
    }
}

/// Adds the wanted events of an index range; says the index that it came to.
fn take(cutter: &mut Cutter, matcher: &Matcher, piece: &Arc<Piece>, from: usize, to: usize) -> usize {
    if matcher.wants_everything() {
        return cutter.add_all(piece, from, to);
    }
    let entries = &piece.entries()[from..to];
    let full = entries.iter().zip(from..).find(|(entry, index)| matcher.entry(entry) && !cutter.add(piece, *index));
    full.map_or(to, |(_, index)| index)
}

/// An event that may be the newest of its key.
struct Candidate {
    position: Position,
    event: Place,
}

enum Place {
    Window(Arc<Piece>, usize),
    Kept(Kept),
}

/// A set of keys.
#[derive(Default)]
struct Seen(Vec<u64>);

impl Seen {
    /// Whether the key was not in the set before.
    fn insert(&mut self, key: u32) -> bool {
        let (word, bit) = (key as usize / 64, 1 << (key % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}
