use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tickmesh_proto::types::Timestamp;
use tokio::sync::OwnedMutexGuard;

/// How many things there is room for, and for how long each is kept.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// How many.
    pub most: usize,
    /// How long after its last use a thing keeps its place.
    pub idle: Duration,
}

/// A bounded number of places by name, for things that take long to open. When there is no room, the one that has not
/// been in use for the longest time makes way, if that is long enough.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    places: Mutex<BTreeMap<String, Arc<Place<T>>>>,
    room: Room,
    clock: fn() -> Timestamp,
}

/// A place, empty or not.
#[derive(Debug)]
pub(super) struct Place<T> {
    thing: OnceLock<T>,
    /// Held while the thing is opened: who wants the same waits, who wants another does not.
    turn: Arc<tokio::sync::Mutex<()>>,
    usage: Mutex<Usage>,
}

#[derive(Debug)]
struct Usage {
    holds: usize,
    /// When the last of them was let go.
    ended: Timestamp,
}

/// Keeps a place from making way.
#[derive(Debug)]
pub(super) struct Hold<T> {
    place: Arc<Place<T>>,
    clock: fn() -> Timestamp,
}

/// What was taken off the shelf.
#[derive(Debug)]
pub(super) struct Removed<T> {
    pub(super) name: String,
    pub(super) place: Arc<Place<T>>,
}

/// All places are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl<T> Shelf<T> {
    /// Without anything.
    pub(super) fn new(room: Room, clock: fn() -> Timestamp) -> Self {
        Self { places: Mutex::default(), room, clock }
    }

    /// The place of this name, if there is one.
    pub(super) fn find(&self, name: &str) -> Option<Hold<T>> {
        self.lock().get(name).map(|place| self.hold(place))
    }

    /// The place of this name, and what made way for it.
    pub(super) fn take(&self, name: &str) -> Result<(Hold<T>, Option<Removed<T>>), Full> {
        let mut places = self.lock();
        if let Some(place) = places.get(name) {
            return Ok((self.hold(place), None));
        }
        let removed = if places.len() < self.room.most { None } else { Some(self.make_way(&mut places)?) };
        let place = Arc::new(Place::new(OnceLock::new(), Timestamp::MIN));
        let hold = self.hold(&place);
        places.insert(name.to_owned(), place);
        Ok((hold, removed))
    }

    /// Puts something on the shelf that was in use until `ended` at the latest.
    pub(super) fn put(&self, name: &str, thing: T, ended: Timestamp) {
        self.lock().insert(name.to_owned(), Arc::new(Place::new(thing.into(), ended)));
    }

    /// Gives up a place that stayed empty, unless somebody else waits for it.
    pub(super) fn give_up(&self, name: &str, hold: Hold<T>) {
        let mut places = self.lock();
        let is_ours = places.get(name).is_some_and(|place| Arc::ptr_eq(place, &hold.place));
        if is_ours && hold.get().is_none() && hold.place.usage().holds == 1 {
            places.remove(name);
        }
        drop(hold);
    }

    /// Whether there is a place of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    /// All places, empty or not.
    pub(super) fn all(&self) -> Vec<Arc<Place<T>>> {
        self.lock().values().cloned().collect()
    }

    fn hold(&self, place: &Arc<Place<T>>) -> Hold<T> {
        place.usage().holds += 1;
        Hold { place: Arc::clone(place), clock: self.clock }
    }

    fn make_way(&self, places: &mut BTreeMap<String, Arc<Place<T>>>) -> Result<Removed<T>, Full> {
        let now = (self.clock)();
        let idle = places.iter().filter_map(|(name, place)| Some((place.idle_since(now, self.room.idle)?, name)));
        let name = idle.min().map(|(_, name)| name.clone()).ok_or(Full)?;
        let place = places.remove(&name).ok_or(Full)?;
        Ok(Removed { name, place })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Place<T>>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Place<T> {
    fn new(thing: OnceLock<T>, ended: Timestamp) -> Self {
        Self { thing, turn: Arc::default(), usage: Mutex::new(Usage { holds: 0, ended }) }
    }

    /// The thing, once it is open.
    pub(super) fn get(&self) -> Option<&T> {
        self.thing.get()
    }

    /// Since when nobody has used it, if that is for so long that it may make way. An empty place is of no use.
    fn idle_since(&self, now: Timestamp, least: Duration) -> Option<Timestamp> {
        let Usage { holds, ended } = *self.usage();
        let is_long = self.get().is_none() || now.since(ended) >= least;
        (holds == 0 && is_long).then_some(ended)
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Hold<T> {
    /// The thing, once it is open.
    pub(super) fn get(&self) -> Option<&T> {
        self.place.get()
    }

    /// Waits until nobody else opens the thing.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.place.turn).lock_owned().await
    }

    /// Fills the place, unless it is filled.
    pub(super) fn fill(&self, thing: T) {
        let _ = self.place.thing.set(thing);
    }
}

impl<T> Drop for Hold<T> {
    fn drop(&mut self) {
        let ended = (self.clock)();
        let mut usage = self.place.usage();
        usage.holds -= 1;
        usage.ended = ended;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static NOW: Cell<i64> = const { Cell::new(0) };
    }

    fn now() -> Timestamp {
        Timestamp::from_nanos(NOW.get())
    }

    fn shelf(most: usize) -> Shelf<u8> {
        Shelf::new(Room { most, idle: Duration::from_nanos(10) }, now)
    }

    fn at(time: i64, shelf: &Shelf<u8>, name: &str) -> Result<Option<String>, Full> {
        NOW.set(time);
        shelf.take(name).map(|(hold, removed)| {
            hold.fill(1);
            removed.map(|removed| removed.name)
        })
    }

    #[test]
    fn the_one_that_was_used_the_longest_ago_makes_way() {
        let shelf = shelf(2);
        for (name, time) in [("a", 1), ("b", 2), ("a", 3)] {
            assert_eq!(at(time, &shelf, name), Ok(None));
        }
        assert_eq!(at(13, &shelf, "c"), Ok(Some("b".into())));
        assert!(shelf.has("a") && shelf.has("c") && !shelf.has("b"));
    }

    #[test]
    fn what_is_or_was_just_in_use_stays() {
        let shelf = shelf(1);
        at(1, &shelf, "a").unwrap();
        let hold = shelf.find("a").unwrap();
        assert_eq!(at(100, &shelf, "b"), Err(Full));
        drop(hold);
        assert_eq!(at(109, &shelf, "b"), Err(Full));
        assert_eq!(at(110, &shelf, "b"), Ok(Some("a".into())));
        assert_eq!(at(200, &self::shelf(0), "a"), Err(Full));
    }

    #[test]
    fn what_is_put_back_was_in_use_until_then() {
        let shelf = shelf(1);
        shelf.put("a", 1, Timestamp::from_nanos(50));
        assert_eq!(at(59, &shelf, "b"), Err(Full));
        assert_eq!(at(60, &shelf, "b"), Ok(Some("a".into())));
    }

    #[test]
    fn an_empty_place_is_given_up_once_nobody_waits_for_it() {
        let shelf = shelf(1);
        let (first, _) = shelf.take("a").unwrap();
        let (second, _) = shelf.take("a").unwrap();
        shelf.give_up("a", first);
        assert!(shelf.has("a"), "the second still waits");
        drop(second);
        assert_eq!(at(0, &shelf, "b"), Ok(Some("a".into())), "an empty place makes way at once");
        shelf.give_up("b", shelf.find("b").unwrap());
        assert!(shelf.has("b"), "it is not empty");
    }
}
