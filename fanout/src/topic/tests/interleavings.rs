//! Whatever the order in which events are appended and published, messages are taken or not, clients come back, the
//! process restarts or the power is cut: a client of everything gets each event once or is told, and a client of the
//! newest values ends up with them.

use std::collections::HashMap;
use std::fs::OpenOptions;

use proptest::prelude::*;

use super::*;
use crate::cursor::Cursor;

#[derive(Clone, Debug)]
enum Step {
    Append { count: u64, padding: usize },
    Publish,
    Take { client: usize, messages: usize },
    Sleep { milliseconds: u64 },
    Reconnect { client: usize, best_effort: bool },
    Restart,
    PowerCut { bytes: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u64..12, prop_oneof![Just(0usize), Just(20_000)]).prop_map(|(count, padding)| Step::Append { count, padding }),
        5 => Just(Step::Publish),
        6 => (0usize..3, 1usize..5).prop_map(|(client, messages)| Step::Take { client, messages }),
        2 => (1u64..12_000).prop_map(|milliseconds| Step::Sleep { milliseconds }),
        1 => Just(Step::Sleep { milliseconds: 33_000 }),
        2 => (0usize..3, any::<bool>()).prop_map(|(client, best_effort)| Step::Reconnect { client, best_effort }),
        1 => Just(Step::Restart),
        1 => (1u64..4_000).prop_map(|bytes| Step::PowerCut { bytes }),
    ]
}

/// The log, its clients, and what is true.
struct World {
    dir: tempfile::TempDir,
    market: Market,
    /// The visible events by place: `truth[0]` has place 1.
    truth: Vec<u64>,
    /// Appended and not visible.
    hidden: Vec<u64>,
    next: u64,
    /// The oldest place in the window when the log was opened.
    recovered: usize,
    viewers: Vec<Viewer>,
}

/// A client with what it may conclude from its messages.
struct Viewer {
    fields: Fields,
    client: Option<Client>,
    /// The place up to which it has everything; unknown until the snapshot is complete.
    place: Option<u64>,
    /// The last cursor that it was sent.
    cursor: String,
    /// Whether a power cut took events that it has seen.
    lost: bool,
    /// Whether the window has dropped an event after its cursor.
    expired: bool,
    /// The newest event of each symbol that it has seen.
    newest: HashMap<&'static str, u64>,
}

fn config() -> LogConfig {
    LogConfig { segment_bytes: 1_500, keep_for: Duration::ZERO, keep_events: 40, ..LogConfig::default() }
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let market = Market::over(Log::open(dir.path(), config()).unwrap(), |config| config);
        let fields = [Fields::default(), listed(&["AAPL", "NVDA"]), latest()];
        let mut world = Self { dir, market, truth: vec![], hidden: vec![], next: 1, recovered: 0, viewers: vec![] };
        world.viewers = fields.map(|fields| Viewer::new(&world.market, fields)).into();
        world
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Append { count, padding } => self.append(count, padding),
            Step::Publish => self.publish(),
            Step::Take { client, messages } => {
                self.viewers[client].take(&self.truth, messages);
            }
            Step::Sleep { milliseconds } => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            Step::Reconnect { client, best_effort } => self.viewers[client].reconnect(&self.market, best_effort),
            Step::Restart => self.restart(0),
            Step::PowerCut { bytes } => self.restart(bytes),
        }
    }

    fn append(&mut self, count: u64, padding: usize) {
        let numbers = self.next..self.next + count;
        let records: Vec<_> = numbers.clone().map(|n| record(n, padding)).collect();
        self.market.log.append(&records).unwrap();
        self.hidden.extend(numbers);
        self.next += count;
    }

    fn publish(&mut self) {
        self.truth.append(&mut self.hidden);
        self.market.log.publish(Position::new(self.truth.len() as u64));
        assert_eq!(self.market.log.head().get(), self.truth.len() as u64);
    }

    /// Restarts on what a power cut has left of the newest file.
    fn restart(&mut self, cut: u64) {
        self.viewers.iter_mut().for_each(|viewer| viewer.client = None);
        let files = std::fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        if let Some(newest) = files.filter(|path| path.extension().is_some()).max() {
            let file = OpenOptions::new().write(true).open(newest).unwrap();
            file.set_len(file.metadata().unwrap().len().saturating_sub(cut)).unwrap();
        }
        self.market = Market::over(Log::open(self.dir.path(), config()).unwrap(), |config| config);
        // What was appended is visible now, unless it was cut off.
        self.truth.append(&mut self.hidden);
        let head = self.market.log.head().get() as usize;
        assert!(head == self.truth.len() || (cut > 0 && head < self.truth.len()));
        self.truth.truncate(head);
        self.recovered = self.market.log.oldest().get() as usize;
        for viewer in &mut self.viewers {
            viewer.lost |= viewer.place.is_some_and(|place| place > self.truth.len() as u64);
            viewer.reconnect(&self.market, false);
        }
    }

    /// Every client catches up and has then seen what is true.
    async fn settle(&mut self) {
        self.publish();
        for viewer in &mut self.viewers {
            for _ in 0..3 {
                if viewer.client.is_none() {
                    viewer.reconnect(&self.market, true);
                }
                while viewer.take(&self.truth, 1) {}
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            viewer.check_settled(&self.truth, self.recovered);
        }
    }
}

impl Viewer {
    fn new(market: &Market, fields: Fields) -> Self {
        let client = Some(market.open(fields.clone()).unwrap());
        Self { fields, client, place: None, cursor: String::new(), lost: false, expired: false, newest: HashMap::new() }
    }

    fn wants(&self, n: u64) -> bool {
        self.fields.symbols.is_empty() || self.fields.symbols.iter().any(|wanted| wanted == symbol(n))
    }

    /// Takes messages, as many as there are; whether it took one.
    fn take(&mut self, truth: &[u64], messages: usize) -> bool {
        for taken in 0..messages {
            let Some(client) = &mut self.client else { return taken > 0 };
            let Some(message) = client.take() else {
                if let Some(status) = client.failed.take() {
                    self.failed(&Fault::from(status));
                }
                return taken > 0;
            };
            self.check(truth, &message);
        }
        true
    }

    fn failed(&mut self, fault: &Fault) {
        assert_eq!(fault.reason(), "SLOW_CONSUMER");
        if let (Some(place), Some(cursor)) = (self.place, fault.metadata("cursor")) {
            assert!(place_of(cursor) >= place);
        }
        self.client = None;
    }

    /// Holds a message to what is true.
    fn check(&mut self, truth: &[u64], message: &StreamBarsResponse) {
        let events: Vec<u64> = message.bars.iter().map(|bar| bar.volume as u64).collect();
        let snapshot = message.bars.iter().any(|bar| bar.is_snapshot);
        match &message.control {
            Some(Control::Gap(_)) => {
                assert!(self.lost || self.expired, "nothing was lost");
                // Until the snapshot is complete, its cursor is the old one.
                self.place = None;
                self.newest.clear();
            }
            Some(Control::SnapshotComplete(_)) => {
                self.place = Some(place_of(&message.cursor));
                (self.lost, self.expired) = (false, false);
            }
            _ if !message.cursor.is_empty() => self.move_to(truth, place_of(&message.cursor), &events),
            _ => assert!(snapshot || message.control.is_some(), "events without a cursor"),
        }
        if !message.cursor.is_empty() {
            self.cursor.clone_from(&message.cursor);
        }
        for n in events {
            let before = self.newest.insert(symbol(n), n);
            assert!(before.is_none_or(|before| before < n), "{n} after {before:?}");
        }
    }

    /// The events between two places are those that were delivered.
    fn move_to(&mut self, truth: &[u64], to: u64, events: &[u64]) {
        let from = self.place.expect("cursors come after the snapshot");
        let between: Vec<u64> = truth[from as usize..to as usize].iter().copied().filter(|n| self.wants(*n)).collect();
        if self.fields.delivery == i32::from(Delivery::Latest) {
            assert!(events.iter().all(|n| between.contains(n)));
        } else {
            assert_eq!(events, between);
        }
        self.place = Some(to);
    }

    fn reconnect(&mut self, market: &Market, best_effort: bool) {
        let fields = Fields { resume_after: self.cursor.clone(), best_effort, ..self.fields.clone() };
        if self.cursor.is_empty() {
            // Without a cursor the client begins anew, and gets a snapshot again.
            self.newest.clear();
        }
        self.expired |= self.place.is_some_and(|place| place < market.log.oldest().get());
        match market.open(fields) {
            Ok(client) => self.client = Some(client),
            Err(fault) => assert!(self.expired || self.lost, "{fault} at {:?}", self.place),
        }
    }

    /// `recovered` is the oldest place at the newest opening: what lies before it, the log alone knows no more.
    fn check_settled(&self, truth: &[u64], recovered: usize) {
        let place = self.place.expect("the snapshot is complete") as usize;
        assert!(truth[place..].iter().all(|n| !self.wants(*n)), "nothing is left to be sent");
        for wanted in SYMBOLS {
            let newest = truth.iter().rposition(|n| symbol(*n) == wanted && self.wants(*n));
            let seen = self.newest.get(wanted).copied();
            let forgotten = seen.is_none() && newest.is_some_and(|index| index < recovered);
            assert!(forgotten || seen == newest.map(|index| truth[index]), "{wanted}: {seen:?}");
        }
    }
}

fn place_of(cursor: &str) -> u64 {
    cursor.parse::<Cursor>().unwrap().position.get()
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn every_event_comes_once_or_its_loss_is_told(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.take(step).await;
            }
            world.settle().await;
        });
    }
}
