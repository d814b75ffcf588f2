use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Round;

/// Rounds that wait for the default portfolio; more are left with the model.
const WAITING: u64 = 64;

/// Rounds that wait for the slowest portfolio: whoever is further behind loses the oldest.
const MOST: usize = 256;

/// The default portfolio among those that rounds are told to.
const LEADER: u64 = 0;

/// A round of signals in its run of the feed.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) round: Arc<Round>,
    pub(super) run: Arc<str>,
}

/// A place in the signals of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) run: Arc<str>,
    pub(super) cursor: String,
}

/// The rounds that some portfolio has yet to do, and the places in the signals that they came from.
///
/// Each portfolio takes them in order at its own pace. A place is safe to go on from once all portfolios are done with
/// all rounds before it.
#[derive(Debug)]
pub(super) struct Rounds {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

/// Rounds are counted from 0 on, as they are told.
#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Due>,
    /// How many were told and wait no more.
    gone: u64,
    /// How many each portfolio is done with, by the key of its seat.
    done: BTreeMap<u64, u64>,
    /// How many seats were ever taken: the next one's key.
    seats: u64,
    /// How many rounds were told before each place.
    places: VecDeque<(u64, Place)>,
    /// The same of the first place of a run.
    first: Option<(u64, Place)>,
}

/// A portfolio's seat among those that rounds are told to. Dropped, nothing waits for it any more.
#[derive(Debug)]
pub(super) struct Seat {
    rounds: Arc<Rounds>,
    key: u64,
}

/// What is next for a portfolio.
#[derive(Debug)]
pub(super) enum Next {
    /// This round, the one of this number.
    Round(u64, Due),
    /// It was so far behind that this many rounds are gone.
    Lost(u64),
}

impl Rounds {
    /// Without any. The seat is the default portfolio's, which must be taken for rounds to be told.
    pub(super) fn new() -> (Arc<Self>, Seat) {
        let rounds = Arc::new(Self { state: Mutex::default(), changed: watch::Sender::new(()) });
        let leader = rounds.join();
        (rounds, leader)
    }

    /// A seat for another portfolio, which goes on from where the default one is.
    pub(super) fn join(self: &Arc<Self>) -> Seat {
        let mut state = self.lock();
        let key = state.seats;
        state.seats += 1;
        let place = state.leader();
        state.done.insert(key, place);
        Seat { rounds: Arc::clone(self), key }
    }

    /// Tells all portfolios a round, once the default one is not too far behind.
    pub(super) async fn tell(&self, due: Due) {
        self.until(|state| (state.told() - state.done.get(&LEADER)? < WAITING).then_some(())).await;
        self.change(|state| {
            state.waiting.push_back(due);
            state.trim();
        });
    }

    /// All signals up to this place were told.
    pub(super) fn reach(&self, place: Place) {
        self.change(|state| {
            let told = state.told();
            state.places.pop_back_if(|(before, _)| *before == told);
            state.places.push_back((told, place));
        });
    }

    /// All signals up to the first place of a run were told. It is safe once the default portfolio has done what came
    /// before it: what that one has done, others find in its log, while without any place to go on from a run is only
    /// found again where it stands then.
    pub(super) fn begin_at(&self, place: Place) {
        self.change(|state| state.first = Some((state.told(), place)));
    }

    /// The next place that is safe to go on from.
    pub(super) async fn safe(&self) -> Place {
        self.until(|state| {
            let leader = state.leader();
            if let Some((_, first)) = state.first.take_if(|(told, _)| *told <= leader) {
                return Some(first);
            }
            let least = state.least();
            let safe = state.places.partition_point(|(told, _)| *told <= least);
            state.places.drain(..safe).next_back().map(|(_, place)| place)
        })
        .await
    }

    /// Another run of the feed begins: what waits is of the one before and concerns nobody any more.
    pub(super) fn begin_anew(&self) {
        self.change(|state| {
            state.gone = state.told();
            let gone = state.gone;
            state.waiting.clear();
            state.places.clear();
            state.first = None;
            state.done.values_mut().for_each(|done| *done = gone);
        });
    }

    async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            let found = look(&mut self.lock());
            match found {
                Some(found) => return found,
                // The sender is ours: this only ends when something has changed.
                None => drop(changed.changed().await),
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn told(&self) -> u64 {
        self.gone + self.waiting.len() as u64
    }

    /// How many rounds the default one is done with.
    fn leader(&self) -> u64 {
        self.done.get(&LEADER).copied().unwrap_or_else(|| self.told())
    }

    /// How many rounds all are done with.
    fn least(&self) -> u64 {
        self.done.values().copied().min().unwrap_or_else(|| self.told())
    }

    /// Lets go of what all are done with, and of what is too much.
    fn trim(&mut self) {
        let least = self.least();
        while self.gone < least || self.waiting.len() > MOST {
            self.waiting.pop_front();
            self.gone += 1;
        }
    }

    fn next(&self, key: u64) -> Option<Next> {
        let done = *self.done.get(&key)?;
        if done < self.gone {
            return Some(Next::Lost(self.gone - done));
        }
        let due = self.waiting.get(usize::try_from(done - self.gone).ok()?)?;
        Some(Next::Round(done, due.clone()))
    }
}

impl Seat {
    /// Waits for what is next.
    pub(super) async fn next(&self) -> Next {
        self.rounds.until(|state| state.next(self.key)).await
    }

    /// Whether a round still waits: it is not too old, and its run goes on.
    pub(super) fn is_waiting(&self, number: u64) -> bool {
        self.rounds.lock().gone <= number
    }

    /// A round, and all before it, are done.
    pub(super) fn done(&self, number: u64) {
        self.reach(|_| number + 1);
    }

    /// What is gone is made up for.
    pub(super) fn skip(&self) {
        self.reach(|state| state.gone);
    }

    fn reach(&self, place: impl FnOnce(&State) -> u64) {
        self.rounds.change(|state| {
            let place = place(state);
            if let Some(done) = state.done.get_mut(&self.key) {
                *done = place.max(*done);
            }
            state.trim();
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.rounds.change(|state| {
            state.done.remove(&self.key);
            state.trim();
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use futures_util::FutureExt as _;
    use tickmesh_proto::types::Timestamp;

    use super::*;

    fn due(day: i64) -> Due {
        let round = Round { as_of: Timestamp::from_nanos(day), heard: BTreeSet::new() };
        Due { round: Arc::new(round), run: "first".into() }
    }

    fn place(cursor: &str) -> Place {
        Place { run: "first".into(), cursor: cursor.to_owned() }
    }

    fn tell(rounds: &Rounds, day: i64) {
        rounds.tell(due(day)).now_or_never().expect("there is room");
    }

    /// Does a round, if there is one; which it is.
    fn work(seat: &Seat) -> Option<i64> {
        match seat.next().now_or_never()? {
            Next::Round(number, due) => {
                seat.done(number);
                Some(due.round.as_of.nanos())
            }
            Next::Lost(count) => panic!("{count} rounds are lost"),
        }
    }

    fn safe(rounds: &Rounds) -> Option<Place> {
        rounds.safe().now_or_never()
    }

    #[test]
    fn a_place_is_safe_when_the_slowest_is_done_with_what_came_before_it() {
        let (rounds, leader) = Rounds::new();
        let slow = rounds.join();
        rounds.reach(place("0"));
        assert_eq!(safe(&rounds), Some(place("0")));
        for day in 1..=2 {
            tell(&rounds, day);
            rounds.reach(place("a heartbeat"));
            rounds.reach(place(&day.to_string()));
            assert_eq!(work(&leader), Some(day));
        }
        assert_eq!(safe(&rounds), None);
        assert_eq!(work(&slow), Some(1));
        assert_eq!(safe(&rounds), Some(place("1")));
        drop(slow);
        assert_eq!(safe(&rounds), Some(place("2")), "nothing waits for one that has left");
    }

    #[test]
    fn a_newcomer_goes_on_from_where_the_default_one_is() {
        let (rounds, leader) = Rounds::new();
        (1..=3).for_each(|day| tell(&rounds, day));
        assert_eq!(work(&leader), Some(1));
        let newcomer = rounds.join();
        assert_eq!([work(&newcomer), work(&newcomer), work(&newcomer)], [Some(2), Some(3), None]);
    }

    #[test]
    fn the_default_one_is_waited_for_and_others_lose_the_oldest_rounds_and_are_told() {
        let (rounds, leader) = Rounds::new();
        let slow = rounds.join();
        let waiting = i64::try_from(WAITING).unwrap();
        (0..waiting).for_each(|day| tell(&rounds, day));
        assert!(rounds.tell(due(waiting)).now_or_never().is_none());
        for day in waiting..=i64::try_from(MOST).unwrap() {
            work(&leader);
            tell(&rounds, day);
        }
        assert!(matches!(slow.next().now_or_never(), Some(Next::Lost(1))));
        assert!(!slow.is_waiting(0) && slow.is_waiting(1));
        slow.skip();
        assert_eq!(work(&slow), Some(1));
    }

    #[test]
    fn the_first_place_of_a_run_is_safe_when_the_default_one_is_done_with_what_came_before_it() {
        let (rounds, leader) = Rounds::new();
        let _slow = rounds.join();
        tell(&rounds, 1);
        rounds.begin_at(place("1"));
        tell(&rounds, 2);
        rounds.reach(place("2"));
        assert_eq!(safe(&rounds), None);
        assert_eq!(work(&leader), Some(1));
        assert_eq!(safe(&rounds), Some(place("1")));
        assert_eq!(work(&leader), Some(2));
        assert_eq!(safe(&rounds), None, "the slow one has yet to do both");
    }

    #[test]
    fn another_run_lets_go_of_rounds_and_places() {
        let (rounds, leader) = Rounds::new();
        tell(&rounds, 1);
        rounds.reach(place("1"));
        let Some(Next::Round(number, _)) = leader.next().now_or_never() else { panic!("there is a round") };
        rounds.begin_anew();
        assert!(!leader.is_waiting(number));
        leader.done(number);
        assert_eq!((work(&leader), safe(&rounds)), (None, None));
        tell(&rounds, 2);
        assert_eq!(work(&leader), Some(2));
    }
}
