use std::collections::HashMap;
use std::sync::Arc;

/// What events of one kind about one thing have in common: the newest of them stands for all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) symbol: Arc<str>,
    pub(crate) kind: u8,
    pub(crate) time_frame: u8,
}

/// The number of a key: dense, from 0, for the life of the process.
pub(crate) type KeyId = u32;

/// A key among those of one symbol.
#[derive(Debug)]
struct OfSymbol {
    kind: u8,
    time_frame: u8,
    id: KeyId,
}

/// All keys that the log has met. It grows with the number of instruments, never shrinks.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    by_id: Vec<Key>,
    symbols: HashMap<Arc<str>, Vec<OfSymbol>>,
}

impl Keys {
    /// The number of a key that was met before.
    pub(crate) fn find(&self, symbol: &str, kind: u8, time_frame: u8) -> Option<KeyId> {
        let kinds = self.symbols.get(symbol)?;
        kinds.iter().find(|key| (key.kind, key.time_frame) == (kind, time_frame)).map(|key| key.id)
    }

    /// The number of a key, which is taken up if it is new.
    pub(crate) fn intern(&mut self, symbol: &str, kind: u8, time_frame: u8) -> KeyId {
        if let Some(id) = self.find(symbol, kind, time_frame) {
            return id;
        }
        let id = KeyId::try_from(self.by_id.len()).expect("4 billion keys do not fit the memory");
        let symbol = self.symbols.get_key_value(symbol).map_or_else(|| symbol.into(), |(known, _)| Arc::clone(known));
        self.symbols.entry(Arc::clone(&symbol)).or_default().push(OfSymbol { kind, time_frame, id });
        self.by_id.push(Key { symbol, kind, time_frame });
        id
    }

    /// The key of a number that was given out.
    pub(crate) fn get(&self, id: KeyId) -> &Key {
        &self.by_id[id as usize]
    }

    /// The keys from a number on.
    pub(crate) fn from(&self, id: usize) -> &[Key] {
        self.by_id.get(id..).unwrap_or_default()
    }

    /// The number of keys.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_number() {
        let mut keys = Keys::default();
        assert_eq!(
            [keys.intern("A", 1, 0), keys.intern("A", 2, 0), keys.intern("B", 1, 0), keys.intern("A", 1, 0)],
            [0, 1, 2, 0]
        );
        assert_eq!(keys.find("B", 1, 0), Some(2));
        assert_eq!(keys.find("B", 1, 1), None);
        assert_eq!(keys.get(1), &Key { symbol: "A".into(), kind: 2, time_frame: 0 });
        assert_eq!(keys.from(1).len(), 2);
        assert!(keys.from(9).is_empty());
    }
}
