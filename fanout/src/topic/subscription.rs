use std::collections::BTreeSet;
use std::time::Duration;

use tickmesh_mesh::status::Violations;
use tickmesh_proto::r#type::v1::{Delivery, RejectedSymbol};
use tickmesh_proto::types::{Symbol, Timestamp};

use super::{Filter, Symbols, faults};
use crate::Fault;
use crate::cursor::Cursor;

/// The most symbols that a stream may list.
pub const MAX_SYMBOLS: usize = 500;

/// The longest text that is looked at as a symbol; it bounds what an Ack repeats.
const MAX_SYMBOL_BYTES: usize = 48;
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(15);
const MIN_HEARTBEAT: Duration = Duration::from_secs(1);
const MAX_HEARTBEAT: Duration = Duration::from_secs(60);
const MAX_MIN_INTERVAL: Duration = Duration::from_secs(60);

/// The fields that the requests of all live streams share, as they came.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// The symbols; empty means all.
    pub symbols: Vec<String>,
    /// A `Delivery`.
    pub delivery: i32,
    /// The shortest time between two messages with events.
    pub min_interval: Option<prost_types::Duration>,
    /// The cursor to go on after; empty for none.
    pub resume_after: String,
    /// Whether a Gap will do when the cursor is too old.
    pub best_effort: bool,
    /// The longest silence.
    pub heartbeat_interval: Option<prost_types::Duration>,
    /// The time to begin history at; streams without history pass `None`.
    pub start_time: Option<prost_types::Timestamp>,
}

/// What a client asked for, checked.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub(crate) symbols: Symbols,
    pub(crate) rejected: Vec<RejectedSymbol>,
    pub(crate) delivery: Delivery,
    pub(crate) min_interval: Duration,
    pub(crate) resume_after: Option<Cursor>,
    pub(crate) best_effort: bool,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) filter: Filter,
}

impl Subscription {
    /// Checks the fields of a request. `default` stands for DELIVERY_UNSPECIFIED.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming every bad field.
    pub fn parse(fields: Fields, default: Delivery) -> Result<Self, Fault> {
        let mut violations = Violations::new();
        let subscription = Self::check(fields, default, &mut violations);
        violations.finish(subscription)
    }

    /// Like [`parse`](Self::parse) for a request that has more fields: what is wrong goes to `violations`, and the
    /// value must not be used then.
    pub fn check(fields: Fields, default: Delivery, violations: &mut Violations) -> Self {
        let Fields { symbols, delivery, min_interval, resume_after, best_effort, heartbeat_interval, start_time } =
            fields;
        let (symbols, rejected) = check_symbols(symbols, violations);
        let delivery = check_delivery(delivery, default, violations);
        let subscription = Self {
            symbols,
            rejected,
            delivery,
            min_interval: check_min_interval(min_interval, delivery, violations),
            resume_after: check_cursor(&resume_after, violations),
            best_effort,
            heartbeat_interval: check_heartbeat(heartbeat_interval, violations),
            start_time: start_time.and_then(|time| violations.take("start_time", Timestamp::try_from(time))),
            filter: Filter::default(),
        };
        if start_time.is_some() && !resume_after.is_empty() {
            violations.add("start_time", "must not be given together with resume_after");
        }
        subscription
    }

    /// Delivers only the events that pass.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Where the history that it asked for begins.
    pub fn start_time(&self) -> Option<Timestamp> {
        self.start_time
    }

    /// Whether it can begin on a log that has yet to be made.
    ///
    /// # Errors
    /// OUT_OF_RANGE for a cursor without `best_effort`: it is of another log.
    pub fn begins(&self) -> Result<(), Fault> {
        if self.resume_after.is_some() && !self.best_effort { Err(faults::no_log()) } else { Ok(()) }
    }

    /// Refuses the listed symbols that are not known. A refused symbol never ends a stream.
    pub(crate) fn reject_unknown(&mut self, knows: impl Fn(&Symbol) -> bool) {
        if let Symbols::Listed(symbols) = &mut self.symbols {
            let unknown: Vec<_> = symbols.iter().filter(|symbol| !knows(symbol)).cloned().collect();
            for symbol in unknown {
                symbols.remove(&symbol);
                self.rejected.push(rejected(symbol.into(), "SYMBOL_UNKNOWN", "there is no such symbol"));
            }
        }
    }
}

fn rejected(symbol: String, reason: &str, message: &str) -> RejectedSymbol {
    RejectedSymbol { symbol, reason: reason.into(), message: message.into() }
}

fn check_symbols(listed: Vec<String>, violations: &mut Violations) -> (Symbols, Vec<RejectedSymbol>) {
    let mut refused = Vec::new();
    if listed.is_empty() {
        return (Symbols::All, refused);
    }
    if listed.len() > MAX_SYMBOLS {
        violations.add("symbols", format_args!("must list {MAX_SYMBOLS} at most, has {}", listed.len()));
    }
    let mut accepted = BTreeSet::new();
    for (index, text) in listed.into_iter().enumerate() {
        match Symbol::try_from(text.as_str()) {
            Ok(symbol) => drop(accepted.insert(symbol)),
            Err(_) if text.len() > MAX_SYMBOL_BYTES => {
                violations
                    .add(&format!("symbols[{index}]"), format_args!("must have {MAX_SYMBOL_BYTES} bytes at most"));
            }
            Err(_) => refused.push(rejected(text, "SYMBOL_MALFORMED", "not a symbol as AAPL or BTC-USD is")),
        }
    }
    (Symbols::Listed(accepted), refused)
}

fn check_delivery(delivery: i32, default: Delivery, violations: &mut Violations) -> Delivery {
    match Delivery::try_from(delivery) {
        Ok(Delivery::Unspecified) => default,
        Ok(delivery) => delivery,
        Err(_) => {
            violations.add("delivery", "must be DELIVERY_ALL or DELIVERY_LATEST");
            default
        }
    }
}

fn check_min_interval(
    wire: Option<prost_types::Duration>,
    delivery: Delivery,
    violations: &mut Violations,
) -> Duration {
    let Some(wire) = wire else { return Duration::ZERO };
    let interval = Duration::try_from(wire).ok().filter(|interval| *interval <= MAX_MIN_INTERVAL);
    if interval.is_none() {
        violations.add("min_interval", "must lie between 0 and 60 s");
    }
    let interval = interval.unwrap_or_default();
    if !interval.is_zero() && delivery == Delivery::All {
        violations.add("min_interval", "goes with DELIVERY_LATEST only");
    }
    interval
}

fn check_heartbeat(wire: Option<prost_types::Duration>, violations: &mut Violations) -> Duration {
    let Some(wire) = wire else { return DEFAULT_HEARTBEAT };
    let interval = Duration::try_from(wire).ok().filter(|asked| (MIN_HEARTBEAT..=MAX_HEARTBEAT).contains(asked));
    interval.unwrap_or_else(|| {
        violations.add("heartbeat_interval", "must lie between 1 and 60 s");
        DEFAULT_HEARTBEAT
    })
}

fn check_cursor(text: &str, violations: &mut Violations) -> Option<Cursor> {
    if text.is_empty() { None } else { violations.take("resume_after", text.parse()) }
}

#[cfg(test)]
mod tests {
    use tickmesh_mesh::status::Code;

    use super::*;
    use crate::log::{Epoch, Position};

    fn parse(fields: Fields) -> Result<Subscription, Fault> {
        Subscription::parse(fields, Delivery::Latest)
    }

    fn seconds(seconds: i64) -> Option<prost_types::Duration> {
        Some(prost_types::Duration { seconds, nanos: 0 })
    }

    #[test]
    fn nothing_given_means_all_symbols_and_the_defaults() {
        let subscription = parse(Fields::default()).unwrap();
        assert_eq!(subscription.symbols, Symbols::All);
        assert_eq!(subscription.delivery, Delivery::Latest);
        assert_eq!(subscription.heartbeat_interval, Duration::from_secs(15));
        assert_eq!(subscription.resume_after, None);
    }

    #[test]
    fn every_bad_field_is_named() {
        let fields = Fields {
            symbols: vec!["A".into(); 501],
            delivery: 9,
            min_interval: seconds(61),
            resume_after: "nonsense".into(),
            heartbeat_interval: seconds(0),
            start_time: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
            best_effort: false,
        };
        let fault = parse(fields).unwrap_err();
        let named: Vec<_> = fault.violations().iter().map(|(field, _)| field.as_str()).collect();
        let each =
            ["symbols", "delivery", "min_interval", "resume_after", "heartbeat_interval", "start_time", "start_time"];
        assert_eq!(named, each);
    }

    #[test]
    fn an_interval_does_not_go_with_every_event() {
        let fields = Fields { delivery: Delivery::All.into(), min_interval: seconds(1), ..Fields::default() };
        assert_eq!(parse(fields).unwrap_err().violations()[0].0, "min_interval");
        let zero = Fields { delivery: Delivery::All.into(), min_interval: seconds(0), ..Fields::default() };
        assert!(parse(zero).is_ok());
    }

    #[test]
    fn bad_symbols_are_rejected_one_by_one() {
        let symbols = ["NVDA", "aapl", "ZZZZ", "NVDA"].map(String::from).to_vec();
        let mut subscription = parse(Fields { symbols, ..Fields::default() }).unwrap();
        subscription.reject_unknown(|symbol| symbol.as_str() != "ZZZZ");
        assert_eq!(subscription.symbols, Symbols::Listed(["NVDA".try_into().unwrap()].into()));
        let reasons: Vec<_> = subscription.rejected.iter().map(|r| (r.symbol.as_str(), r.reason.as_str())).collect();
        assert_eq!(reasons, [("aapl", "SYMBOL_MALFORMED"), ("ZZZZ", "SYMBOL_UNKNOWN")]);
    }

    #[test]
    fn a_cursor_does_not_go_on_in_a_log_that_is_new() {
        let cursor = Cursor { epoch: Epoch::from_bits(1), generation: 1, position: Position::new(1) }.to_string();
        let resumed = Fields { resume_after: cursor, ..Fields::default() };
        assert_eq!(parse(resumed.clone()).unwrap().begins().unwrap_err().code(), Code::OutOfRange);
        assert!(parse(Fields { best_effort: true, ..resumed }).unwrap().begins().is_ok());
        assert!(parse(Fields::default()).unwrap().begins().is_ok());
    }

    #[test]
    fn a_text_too_long_to_repeat_is_a_bad_request() {
        let fields = Fields { symbols: vec!["A".into(), "x".repeat(49)], ..Fields::default() };
        assert_eq!(parse(fields).unwrap_err().violations()[0].0, "symbols[1]");
    }
}
