use std::sync::Arc;

use super::keys::{Key, KeyId, Keys};
use super::piece::Entry;
use crate::topic::{Symbols, View, Wanted};

/// Tells wanted events from others by a bit for each key.
#[derive(Debug)]
pub(crate) struct Matcher {
    wanted: Arc<Wanted>,
    bits: Vec<u64>,
    known: usize,
    everything: bool,
}

impl Matcher {
    pub(crate) fn new(wanted: Arc<Wanted>) -> Self {
        let everything = *wanted == Wanted::everything();
        Self { wanted, bits: Vec::new(), known: 0, everything }
    }

    /// Whether each event is wanted as it stands, so that nothing needs to be looked at.
    pub(crate) fn wants_everything(&self) -> bool {
        self.everything
    }

    /// Which part of an event is wanted.
    pub(crate) fn view(&self) -> View {
        self.wanted.view
    }

    /// Takes up the keys that are new. Needed before events are matched that have become visible since the last time.
    pub(crate) fn learn(&mut self, keys: &Keys) {
        self.bits.resize(keys.len().div_ceil(64), 0);
        for (key, id) in keys.from(self.known).iter().zip(self.known..) {
            self.bits[id / 64] |= u64::from(self.wants(key)) << (id % 64);
        }
        self.known = keys.len();
    }

    /// How many keys have been taken up.
    pub(crate) fn known(&self) -> usize {
        self.known
    }

    fn wants(&self, key: &Key) -> bool {
        let Wanted { symbols, filter, view: _ } = &*self.wanted;
        filter.passes(key.kind, key.time_frame) && symbols.contains(&key.symbol)
    }

    /// Whether events of a key are wanted.
    pub(crate) fn key(&self, key: KeyId) -> bool {
        let id = key as usize;
        self.bits.get(id / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// Whether an event is wanted.
    pub(crate) fn entry(&self, entry: &Entry) -> bool {
        self.key(entry.key) && (self.wanted.view == View::Body || entry.inner_len().is_some())
    }
}

impl Wanted {
    /// All events of all symbols, as they are.
    pub(crate) fn everything() -> Self {
        Self { symbols: Symbols::All, filter: crate::topic::Filter::default(), view: View::Body }
    }
}
