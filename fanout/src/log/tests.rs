//! The log as its owner and its readers see it, over crashes.

use std::fs::{self, OpenOptions};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use proptest::prelude::*;
use tickmesh_proto::types::Timestamp;

use super::file::path_of;
use super::resume::LostReason;
use super::*;
use crate::topic::{Filter, Symbols, View, Wanted};

const SYMBOLS: [&str; 4] = ["AAPL", "MSFT", "NVDA", "TSLA"];

/// An event whose body says which one it is.
fn record(n: u64) -> Record<'static> {
    let time = Timestamp::from_nanos(n as i64 * 1_000_000_000);
    let body = Bytes::from(format!("event {n}"));
    let inner = n.is_multiple_of(2).then_some(5..body.len());
    Record {
        symbol: SYMBOLS[n as usize % 4],
        kind: (n % 3) as u8,
        time_frame: 1,
        event_time: time,
        receive_time: time,
        body,
        inner,
    }
}

fn append(log: &Log, count: u64) -> Position {
    let from = log.writer().end().get();
    let records: Vec<_> = (from..from + count).map(record).collect();
    log.append(&records).unwrap()
}

fn bodies(log: &Log) -> Vec<String> {
    log.events_after(Position::START).map(|event| String::from_utf8(event.body.to_vec()).unwrap()).collect()
}

fn expected(from: u64, to: u64) -> Vec<String> {
    (from..to).map(|n| format!("event {n}")).collect()
}

fn small() -> LogConfig {
    LogConfig { segment_bytes: 400, ..LogConfig::default() }
}

#[test]
fn an_event_is_on_disk_before_it_is_visible() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small()).unwrap();
    let end = append(&log, 3);
    assert_eq!((log.head(), bodies(&log)), (Position::START, vec![]));
    assert_eq!(bodies(&Log::open(dir.path(), small()).unwrap()), expected(0, 3));
    log.publish(end);
    assert_eq!((log.head(), bodies(&log)), (end, expected(0, 3)));
}

#[test]
fn events_come_back_whole_from_many_segments() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small()).unwrap();
    for count in [1, 5, 8, 9, 8, 9] {
        log.publish(append(&log, count));
    }
    let before: Vec<_> = log.events_after(Position::START).collect();
    assert!(fs::read_dir(dir.path()).unwrap().count() > 3);
    let log = Log::open(dir.path(), small()).unwrap();
    assert_eq!(log.events_after(Position::START).collect::<Vec<_>>(), before);
    assert_eq!(before[4].symbol.as_ref(), "AAPL");
    assert_eq!(before[4].body.slice(before[4].inner.clone().unwrap()), " 4");
    log.publish(append(&log, 3));
    assert_eq!(bodies(&Log::open(dir.path(), small()).unwrap()), expected(0, 43));
}

#[test]
fn a_file_cut_at_any_byte_gives_whole_appends() {
    let whole = tempfile::tempdir().unwrap();
    let log = Log::open(whole.path(), LogConfig::default()).unwrap();
    let ends: Vec<u64> = [1, 3, 2, 4].map(|count| append(&log, count).get()).into();
    let bytes = fs::read(path_of(whole.path(), Position::START)).unwrap();
    let mut recovered = 0;
    for len in 0..=bytes.len() {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(whole.path().join("identity"), dir.path().join("identity")).unwrap();
        fs::write(path_of(dir.path(), Position::START), &bytes[..len]).unwrap();
        let log = Log::open(dir.path(), LogConfig::default()).unwrap();
        let head = log.head().get();
        assert!(head >= recovered && (head == 0 || ends.contains(&head)), "cut at {len}: {head}");
        assert_eq!(bodies(&log), expected(0, head));
        append(&log, 2);
        assert_eq!(bodies(&Log::open(dir.path(), LogConfig::default()).unwrap()), expected(0, head + 2));
        recovered = head;
    }
    assert_eq!(recovered, 10);
}

#[test]
fn a_damaged_byte_in_an_old_segment_leaves_the_prefix_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small()).unwrap();
    (0..20).for_each(|_| log.publish(append(&log, 2)));
    let second = log.window().bases().nth(1).unwrap();
    let path = path_of(dir.path(), second);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 0x40;
    fs::write(&path, bytes).unwrap();
    drop(log);
    let log = Log::open(dir.path(), small()).unwrap();
    assert!(log.head() >= second && log.head().get() < 40);
    assert_eq!(bodies(&log), expected(0, log.head().get()));
}

#[test]
fn retention_removes_files() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { keep_for: Duration::ZERO, keep_events: 20, ..small() };
    let log = Log::open(dir.path(), config.clone()).unwrap();
    (0..100).for_each(|_| log.publish(append(&log, 1)));
    let oldest = log.oldest().get();
    assert!((60..=80).contains(&oldest), "{oldest}");
    assert_eq!(file::list(dir.path()).unwrap(), log.window().bases().collect::<Vec<_>>());
    let again = Log::open(dir.path(), config).unwrap();
    assert_eq!((again.oldest().get(), bodies(&again)), (oldest, expected(oldest, 100)));
}

#[test]
fn a_new_epoch_begins_empty_whatever_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let old = Log::open(dir.path(), small()).unwrap();
    old.publish(append(&old, 30));
    let cursor = old.cursor(old.head()).parse().unwrap();
    let leftover = fs::read(path_of(dir.path(), Position::START)).unwrap();
    let log = Log::create(dir.path(), small()).unwrap();
    assert_eq!(bodies(&log), expected(0, 0));
    assert_eq!(log.resume(cursor).unwrap_err().reason, LostReason::Epoch);
    fs::write(path_of(dir.path(), Position::START), leftover).unwrap();
    let again = Log::open(dir.path(), small()).unwrap();
    assert_eq!((again.epoch(), bodies(&again)), (log.epoch(), vec![]));
}

#[test]
fn segments_without_an_identity_are_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    append(&Log::open(dir.path(), small()).unwrap(), 3);
    fs::remove_file(dir.path().join("identity")).unwrap();
    assert!(matches!(Log::open(dir.path(), small()), Err(LogError::Damaged { .. })));
    assert_eq!(file::list(dir.path()).unwrap().len(), 1);
}

#[test]
fn a_cursor_is_good_across_restarts_and_told_from_one_that_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), LogConfig::default()).unwrap();
    log.publish(append(&log, 10));
    let cursor = |log: &Log, n| log.cursor(Position::new(n)).parse().unwrap();
    let (at_8, at_10) = (cursor(&log, 8), cursor(&log, 10));
    drop(log);
    let log = Log::open(dir.path(), LogConfig::default()).unwrap();
    assert_eq!(log.resume(at_10), Ok(Position::new(10)));
    // A power cut takes the last event, and its position is used again.
    let file = OpenOptions::new().write(true).open(path_of(dir.path(), Position::START)).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    let log = Log::open(dir.path(), LogConfig::default()).unwrap();
    assert_eq!(log.head(), Position::START, "the append was one of ten");
    log.publish(append(&log, 20));
    assert_eq!(log.resume(at_8).unwrap_err().reason, LostReason::Truncated);
    assert_eq!(log.resume(cursor(&log, 8)), Ok(Position::new(8)));
}

#[test]
fn every_append_can_be_forced_to_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { sync: SyncPolicy::EachAppend, ..small() };
    let log = Log::open(dir.path(), config.clone()).unwrap();
    (0..5).for_each(|_| log.publish(append(&log, 10)));
    log.sync().unwrap();
    assert_eq!(bodies(&Log::open(dir.path(), config).unwrap()), expected(0, 50));
}

#[test]
fn bad_records_are_refused_by_their_rule() {
    let log = Log::memory(LogConfig::default());
    let bad = |record: Record<'_>| log.append(&[record]).unwrap_err().to_string();
    assert!(bad(Record { symbol: "", ..record(0) }).contains("1 to 255 bytes"));
    assert!(bad(Record { body: vec![0; MAX_EVENT_BYTES + 1].into(), ..record(0) }).contains("60 KiB"));
    assert!(bad(Record { inner: Some(3..99), ..record(0) }).contains("outside"));
    assert_eq!(log.append(&[]).unwrap(), Position::START);
}

#[test]
fn a_failed_write_leaves_the_log_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small()).unwrap();
    log.publish(append(&log, 20));
    // The next append begins a segment, whose place a directory has taken.
    fs::create_dir(path_of(dir.path(), Position::new(20))).unwrap();
    assert!(matches!(log.append(&[record(20)]), Err(LogError::Io { action: "create", .. })));
    fs::remove_dir(path_of(dir.path(), Position::new(20))).unwrap();
    log.publish(append(&log, 1));
    assert_eq!(bodies(&Log::open(dir.path(), small()).unwrap()), expected(0, 21));
}

fn texts(read: &cut::Cut) -> String {
    read.parts
        .iter()
        .map(|part| match part {
            Part::Framed(bytes) | Part::Bare(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        })
        .collect()
}

#[test]
fn who_wants_everything_gets_slices_of_the_log_itself() {
    let log = Log::memory(LogConfig { segment_bytes: 2_000, ..LogConfig::default() });
    (0..400).for_each(|_| log.publish(append(&log, 1)));
    let mut matcher = Matcher::new(Arc::new(Wanted::everything()));
    let read = log.read_all(Position::START, &mut matcher, 64_000).unwrap();
    assert_eq!((read.cut.events, read.through.get()), (400, 400));
    let pieces: usize = log.window().bases().count() + 10;
    assert!(read.cut.parts.len() <= pieces, "{} parts", read.cut.parts.len());
    let Part::Framed(first) = &read.cut.parts[0] else { panic!("whole events") };
    let Following::Piece(piece) = log.following(Position::START) else { panic!("an event follows") };
    assert_eq!(first.as_ptr(), piece.slice(0..1).as_ptr(), "shared, not copied");
}

#[test]
fn a_snapshot_of_many_keys_comes_in_pages_without_those_that_move_on() {
    let log = Log::memory(LogConfig { segment_bytes: 20_000, keep_for: Duration::ZERO, ..LogConfig::default() });
    let symbols: Vec<_> = (0..3_000).map(|n| format!("S{n}")).collect();
    let touch = |n: usize| {
        let record = Record { symbol: &symbols[n], kind: 0, body: vec![n as u8; 40].into(), inner: None, ..record(0) };
        log.publish(log.append(&[record]).unwrap());
    };
    (0..3_000).for_each(touch);
    let mut joined = log.snapshot(&Wanted::everything());
    assert_eq!(joined.position.get(), 3_000);
    let mut pages = Vec::new();
    while let Some(page) = joined.pages.next().now_or_never().flatten() {
        pages.push(page.unwrap().len());
        // Keys of the pages to come move on, and keys of the pages that were made.
        (0..3_000).step_by(30).for_each(touch);
    }
    assert!(pages.len() > 2, "{pages:?}");
    assert_eq!(pages.iter().sum::<usize>() + (pages[0]..3_000).filter(|n| n % 30 == 0).count(), 3_000);
}

/// What a naive reader finds: the events after a place that pass, as (position, key).
fn naive(log: &Log, after: Position, wanted: &Wanted) -> Vec<Event> {
    let passes = |event: &Event| {
        wanted.symbols.contains(&event.symbol)
            && wanted.filter.passes(event.kind, event.time_frame)
            && (wanted.view == View::Body || event.inner.is_some())
    };
    log.events_after(after).filter(passes).collect()
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let symbols = prop_oneof![
        Just(Symbols::All),
        prop::sample::subsequence(SYMBOLS.to_vec(), 0..=4)
            .prop_map(|names| Symbols::Listed(names.into_iter().map(|name| name.try_into().unwrap()).collect())),
    ];
    (symbols, prop::option::of(0u8..3), any::<bool>()).prop_map(|(symbols, kind, inner)| Wanted {
        symbols,
        filter: Filter { kind, time_frame: None },
        view: if inner { View::Inner } else { View::Body },
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_damaged_file_gives_a_prefix_and_goes_on(
        appends in prop::collection::vec(1u64..6, 1..20),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path(), LogConfig::default()).unwrap();
        appends.iter().for_each(|count| log.publish(append(&log, *count)));
        let all = log.head().get();
        let path = path_of(dir.path(), Position::START);
        let mut bytes = fs::read(&path).unwrap();
        for (index, value) in damage {
            let place = index.index(bytes.len());
            bytes[place] = value;
        }
        fs::write(&path, bytes).unwrap();
        let log = Log::open(dir.path(), LogConfig::default()).unwrap();
        let head = log.head().get();
        prop_assert!(head <= all);
        prop_assert_eq!(bodies(&log), expected(0, head));
        append(&log, 3);
        prop_assert_eq!(bodies(&Log::open(dir.path(), LogConfig::default()).unwrap()), expected(0, head + 3));
    }

    #[test]
    fn reading_all_in_small_messages_is_reading_all(
        appends in prop::collection::vec(1u64..9, 1..30), wanted in wanted(), budget in 20usize..80, start in 0u64..50,
    ) {
        let log = Log::memory(LogConfig { segment_bytes: 300, ..LogConfig::default() });
        appends.iter().for_each(|count| log.publish(append(&log, *count)));
        let start = Position::new(start.min(log.head().get()));
        let mut matcher = Matcher::new(Arc::new(wanted.clone()));
        let (mut after, mut found, mut events) = (start, String::new(), 0);
        while after < log.head() {
            let read = log.read_all(after, &mut matcher, budget).unwrap();
            prop_assert!(read.cut.bytes <= budget && read.through > after);
            prop_assert_eq!(read.cut.bytes, read.cut.parts.iter().map(Part::len).sum::<usize>());
            found.push_str(&texts(&read.cut));
            events += read.cut.events;
            after = read.through;
        }
        let want = naive(&log, start, &wanted);
        prop_assert_eq!(events, want.len() as u64);
        prop_assert_eq!(log.any_after(start, &mut matcher), !want.is_empty());
        let found: Vec<_> = found.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty()).collect();
        let want: Vec<_> = want.iter().map(|event| (event.position.get() - 1).to_string()).collect();
        prop_assert_eq!(found, want);
    }

    #[test]
    fn reading_the_latest_gives_the_newest_of_each_key_once(
        appends in prop::collection::vec(1u64..9, 1..30), wanted in wanted(), budget in 20usize..80, keep in 1u64..60,
    ) {
        let config = LogConfig { segment_bytes: 300, keep_for: Duration::ZERO, keep_events: keep, ..LogConfig::default() };
        let log = Log::memory(config);
        let reference = Log::memory(LogConfig::default());
        for count in appends {
            log.publish(append(&log, count));
            reference.publish(append(&reference, count));
        }
        let mut matcher = Matcher::new(Arc::new(wanted.clone()));
        let (until, mut after, mut found) = (log.head(), Position::START, String::new());
        while after < until {
            let read = log.read_latest(after, until, &mut matcher, budget);
            prop_assert!(read.cut.bytes <= budget && read.through > after);
            found.push_str(&texts(&read.cut));
            after = read.through;
        }
        let all = naive(&reference, Position::START, &wanted);
        let newest = |event: &&Event| !all.iter().any(|other| {
            (&other.symbol, other.kind) == (&event.symbol, event.kind) && other.position > event.position
        });
        let want: Vec<_> = all.iter().filter(newest).map(|event| (event.position.get() - 1).to_string()).collect();
        let found: Vec<_> = found.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty()).collect();
        prop_assert_eq!(found, want);
    }
}
