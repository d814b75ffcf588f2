//! kill -9 in the middle of writing: what was acknowledged is there afterwards, and what is there is whole.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

const DIR: &str = "TICKMESH_TEST_LOG_DIR";
const TRIALS: u64 = 20;

fn config() -> LogConfig {
    LogConfig { segment_bytes: 64 * 1024, ..LogConfig::default() }
}

/// The `n`th event: its body repeats its number, and its size changes.
fn body(n: u64) -> String {
    format!("{n} ").repeat(1 + n as usize % 50)
}

fn append(log: &Log, from: u64, count: u64) -> Position {
    let bodies: Vec<_> = (from..from + count).map(body).collect();
    let time = tickmesh_proto::types::Timestamp::from_nanos(1);
    let record = |body: &String| Record {
        symbol: "AAPL",
        kind: 1,
        time_frame: 1,
        event_time: time,
        receive_time: time,
        body: body.clone().into(),
        inner: None,
    };
    log.append(&bodies.iter().map(record).collect::<Vec<_>>()).unwrap()
}

/// Appends appends of three events until it is killed, and acknowledges each.
#[test]
#[ignore = "the writer that the test below kills"]
fn writer() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let log = Log::open(Path::new(&dir), config()).unwrap();
    let mut out = std::io::stdout();
    loop {
        let end = append(&log, log.head().get(), 3);
        log.publish(end);
        writeln!(out, "\nacknowledged {}", end.get()).unwrap();
    }
}

/// Lets a writer run for a while, kills it, and says what it had acknowledged.
fn killed_after(dir: &Path, time: Duration) -> u64 {
    let this: PathBuf = std::env::current_exe().unwrap();
    let mut child = Command::new(this)
        .args(["log::crash::writer", "--exact", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    let mut began = None;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).split(b'\n');
    while let Some(Ok(line)) = lines.next() {
        let line = String::from_utf8_lossy(&line).into_owned();
        let Some(position) = line.strip_prefix("acknowledged ").and_then(|position| position.parse().ok()) else {
            continue;
        };
        acknowledged = position;
        if began.get_or_insert_with(Instant::now).elapsed() > time {
            // Idempotent: the pipe still holds lines that were written before.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    acknowledged
}

#[test]
fn kill_9_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = 0;
    for trial in 0..TRIALS {
        let acknowledged = killed_after(dir.path(), Duration::from_micros(1 + trial * 700));
        let log = Log::open(dir.path(), config()).unwrap();
        let head = log.head().get();
        assert!(acknowledged > before && head >= acknowledged, "trial {trial}: {head} of {acknowledged}");
        assert_eq!(head % 3, 0, "appends are whole");
        let whole = log.events_after(Position::START).enumerate().all(|(n, event)| event.body == body(n as u64));
        assert!(whole, "trial {trial}");
        before = head;
    }
}
