use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tickmesh_proto::types::Timestamp;
use tokio::sync::OnceCell;

/// A place for something that takes long to open: whoever wants the same waits for it, whoever wants another does not.
pub(super) type Place<T> = Arc<OnceCell<T>>;

/// A bounded number of places by name. When there is no room, the one that was asked for the longest ago makes way, if
/// nobody uses it.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    places: Mutex<BTreeMap<String, Entry<T>>>,
    most: usize,
}

#[derive(Debug)]
struct Entry<T> {
    place: Place<T>,
    /// Held by all who use it, and by the shelf.
    hold: Arc<()>,
    asked_time: Timestamp,
}

/// Keeps a place from making way.
#[derive(Clone, Debug)]
pub(super) struct Hold(Arc<()>);

/// What was taken off the shelf.
#[derive(Debug)]
pub(super) struct Removed<T> {
    pub(super) name: String,
    pub(super) place: Place<T>,
}

/// A place, what keeps it, and what made way for it.
pub(super) type Taken<T> = (Place<T>, Hold, Option<Removed<T>>);

/// All places are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl<T> Shelf<T> {
    /// With room for `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { places: Mutex::default(), most }
    }

    /// The place of this name, and what made way for it.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> Result<Taken<T>, Full> {
        let mut places = self.lock();
        if let Some(entry) = places.get_mut(name) {
            entry.asked_time = now;
            return Ok((Arc::clone(&entry.place), Hold(Arc::clone(&entry.hold)), None));
        }
        let removed = if places.len() < self.most { None } else { Some(make_way(&mut places)?) };
        let entry = Entry { place: Place::default(), hold: Arc::default(), asked_time: now };
        let taken = (Arc::clone(&entry.place), Hold(Arc::clone(&entry.hold)), removed);
        places.insert(name.to_owned(), entry);
        Ok(taken)
    }

    /// Gives up a place that stayed empty, unless somebody else waits for it.
    pub(super) fn give_up(&self, name: &str, hold: &Hold) {
        let mut places = self.lock();
        let alone = |entry: &Entry<T>| Arc::ptr_eq(&entry.hold, &hold.0) && Arc::strong_count(&hold.0) <= 2;
        if places.get(name).is_some_and(|entry| !entry.place.initialized() && alone(entry)) {
            places.remove(name);
        }
    }

    /// Whether there is a place of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    /// All places, open or not.
    pub(super) fn all(&self) -> Vec<Place<T>> {
        self.lock().values().map(|entry| Arc::clone(&entry.place)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry<T>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_way<T>(places: &mut BTreeMap<String, Entry<T>>) -> Result<Removed<T>, Full> {
    let idle = places.iter().filter(|(_, entry)| Arc::strong_count(&entry.hold) == 1);
    let name = idle.min_by_key(|(_, entry)| entry.asked_time).map(|(name, _)| name.clone()).ok_or(Full)?;
    let entry = places.remove(&name).ok_or(Full)?;
    Ok(Removed { name, place: entry.place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: i64) -> Timestamp {
        Timestamp::from_nanos(time)
    }

    #[test]
    fn the_one_asked_for_the_longest_ago_makes_way() {
        let shelf = Shelf::<u8>::new(2);
        for (name, time) in [("a", 1), ("b", 2), ("a", 3)] {
            assert!(shelf.take(name, at(time)).unwrap().2.is_none());
        }
        let (_, _hold, removed) = shelf.take("c", at(4)).unwrap();
        assert_eq!(removed.unwrap().name, "b");
        assert!(shelf.has("a") && shelf.has("c") && !shelf.has("b"));
    }

    #[test]
    fn what_is_in_use_stays() {
        let shelf = Shelf::<u8>::new(1);
        let (_, hold, _) = shelf.take("a", at(1)).unwrap();
        assert_eq!(shelf.take("b", at(2)).unwrap_err(), Full);
        drop(hold);
        assert_eq!(shelf.take("b", at(3)).unwrap().2.unwrap().name, "a");
        assert_eq!(Shelf::<u8>::new(0).take("a", at(1)).unwrap_err(), Full);
    }

    #[test]
    fn an_empty_place_is_given_up_once_nobody_waits_for_it() {
        let shelf = Shelf::<u8>::new(2);
        let (place, first, _) = shelf.take("a", at(1)).unwrap();
        let (_, second, _) = shelf.take("a", at(2)).unwrap();
        shelf.give_up("a", &first);
        assert!(shelf.has("a"), "the second still waits");
        drop(first);
        shelf.give_up("a", &second);
        assert!(!shelf.has("a"));
        let (again, hold, _) = shelf.take("a", at(3)).unwrap();
        assert!(!Arc::ptr_eq(&place, &again));
        again.set(1).unwrap();
        shelf.give_up("a", &hold);
        assert!(shelf.has("a"), "it is not empty");
    }
}
