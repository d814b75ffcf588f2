//! What `up` says on standard output: sentences for people, JSON for programs.

use serde_json::json;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_proto::market::v1::{Feed, feed};
use tickmesh_proto::model::v1::{TrainModelsMetadata, TrainModelsResponse};

use super::mesh::Addresses;
use super::shortage::{Shortage, bars_to_train};
use crate::cli::Target;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{output, training};

/// What `up` tells whoever started it, on standard output.
#[derive(Clone, Copy, Debug)]
pub enum Report {
    /// Sentences and tables.
    Text,
    /// One JSON object a line.
    Json,
    /// Nothing: for meshes inside of other programs.
    Silent,
}

impl Report {
    fn say(self, text: impl FnOnce() -> String, json: impl FnOnce() -> serde_json::Value) {
        match self {
            Self::Text => output::line(text()),
            Self::Json => output::line(json().to_string()),
            Self::Silent => {}
        }
    }

    pub(super) fn starting(self, addresses: &Addresses, target: Target) {
        let gateway = format!("http://{}", addresses.gateway);
        match target {
            Target::All => self.say(
                || format!("tickmesh starts; {gateway} shows its progress"),
                || json!({ "event": "starting", "gateway": gateway }),
            ),
            part => self.say(|| format!("{part} starts"), || json!({ "event": "starting", "part": part.to_string() })),
        }
    }

    pub(super) fn part_ready(self, target: Target) {
        self.say(|| format!("{target} is ready"), || json!({ "event": "ready", "part": target.to_string() }));
    }

    /// Follows the import until market-svc is ready.
    pub(super) async fn importing(self, readiness: &Readiness) {
        let market = readiness.part("market");
        let mut progress = self.progress("importing", "bars");
        let mut changes = market.changes();
        let mut total = 0;
        while !market.is_ready() {
            for latch in market.open() {
                total = latch.total.max(total);
                progress.at(latch.done, latch.total, "");
            }
            if changes.changed().await.is_err() {
                break;
            }
        }
        progress.end();
        if total > 0 {
            self.say(|| format!("imported {total} bars"), || json!({ "event": "imported", "bars": total }));
        }
    }

    /// Progress on standard error, for people.
    pub(super) fn progress(self, what: &'static str, unit: &'static str) -> Progress {
        Progress::unless(!matches!(self, Self::Text), what, unit)
    }

    /// A program reads each step of a training.
    pub(super) fn training(self, progress: &TrainModelsMetadata) {
        if let Self::Json = self {
            let TrainModelsMetadata { done, total, symbol, .. } = progress;
            output::line(json!({ "event": "training", "done": done, "total": total, "symbol": symbol }).to_string());
        }
    }

    /// What has no model, and whether the replay will change that. A person reads one line where nothing has.
    pub(super) fn untrained(self, result: &TrainModelsResponse, shortage: Option<&Shortage>, feed: &Feed) {
        let shortage = shortage.filter(|shortage| shortage.is_total);
        let is_said = |reason: &str| matches!(self, Self::Text) && shortage.is_some() && reason == "TOO_FEW_ROWS";
        for skipped in result.skipped.iter().filter(|one| one.reason != "HAS_CHAMPION" && !is_said(&one.reason)) {
            let (symbol, why) = (&skipped.symbol, &skipped.message);
            self.say(
                || format!("{symbol} has no model: {why}"),
                || json!({ "event": "untrained", "symbol": symbol, "reason": skipped.reason }),
            );
        }
        if let Some(shortage) = shortage {
            let (symbol, bars) = shortage.nearest().unzip();
            let (needs, sessions, ahead) = (bars_to_train(), shortage.sessions(), shortage.ahead);
            self.say(
                || lack(shortage, feed),
                || {
                    json!({
                        "event": "short_of_history", "symbol": symbol, "bars": bars.unwrap_or(0), "needs": needs,
                        "sessions": sessions, "ahead": ahead,
                    })
                },
            );
        }
    }

    pub(super) fn trained(self, result: &TrainModelsResponse) {
        if result.versions.is_empty() {
            return;
        }
        let symbols: Vec<_> = result.versions.iter().map(|version| &version.symbol).collect();
        self.say(
            || {
                let table = training::figures(&result.versions);
                format!(
                    "trained {} models; walk-forward, out of sample, beside the persistence baseline:\n{table}",
                    symbols.len()
                )
            },
            || json!({ "event": "trained", "symbols": symbols }),
        );
    }

    /// A training while the mesh serves has failed.
    pub(super) fn not_trained(self, failure: &Failure) {
        self.say(
            || format!("what had too little history is not trained: {failure}; start it with `tickmesh train`"),
            || json!({ "event": "not_trained", "message": failure.to_string() }),
        );
    }

    pub(super) fn ready(self, addresses: &Addresses, feed: &Feed) {
        let gateway = addresses.gateway;
        self.say(
            || format!("\n{}\nready: http://{gateway}\n\ntry:\n{}", describe(feed), commands(addresses)),
            || json!({ "event": "ready", "gateway": format!("http://{gateway}") }),
        );
    }

    pub(super) fn ended(self, feed: &Feed) {
        self.say(|| format!("\n{}", feed.note), || json!({ "event": "ended", "note": feed.note }));
    }
}

/// How much history there is and is needed, and what to do.
fn lack(shortage: &Shortage, feed: &Feed) -> String {
    let needs = bars_to_train();
    let has = match shortage.nearest() {
        Some((symbol, bars)) => format!(
            "no symbol has enough history to train on: {symbol} has the most, {bars} daily bars, and a model needs {needs}"
        ),
        None => {
            let start = output::date(feed.replay_start_time.as_ref());
            format!("there is no history before {start} to train on: a model needs {needs} daily bars")
        }
    };
    let later = "a later --replay-from (with another --data-dir)";
    if shortage.will_pass() {
        let sessions = shortage.sessions();
        format!(
            "{has}. It trains by itself once {sessions} more days have been replayed; {later} forecasts from the start"
        )
    } else {
        format!(
            "{has}. The replay brings only {} more days: choose {later} or --data with more history",
            shortage.ahead
        )
    }
}

/// The feed as it is before it goes on.
fn describe(feed: &Feed) -> String {
    let speed = feed.speed.unwrap_or_default();
    match feed.kind() {
        feed::Kind::Replay if feed.sessions_total == 0 => {
            format!("nothing to replay: the data ends on {}", output::date(feed.market_time.as_ref()))
        }
        feed::Kind::Replay if feed.sessions_done == feed.sessions_total => format!(
            "the replay of {} to {} was over before this start; what is stored is served",
            output::date(feed.replay_start_time.as_ref()),
            output::date(feed.replay_end_time.as_ref()),
        ),
        feed::Kind::Replay => format!(
            "replaying {} to {}{} at {speed} trading days a second; all that is shown from here on is out of sample",
            output::date(feed.replay_start_time.as_ref()),
            output::date(feed.replay_end_time.as_ref()),
            gone_on(feed),
        ),
        feed::Kind::Synthetic => {
            format!("a synthetic market at {speed} trading days a second: a random walk, so expect no skill")
        }
        _ => "no feed: what is stored is served".into(),
    }
}

/// Where a replay goes on that an earlier start has begun.
fn gone_on(feed: &Feed) -> String {
    let seconds = |time: Option<prost_types::Timestamp>| time.map(|time| time.seconds);
    if seconds(feed.market_time) <= seconds(feed.replay_start_time) {
        return String::new();
    }
    let Feed { sessions_done, sessions_total, .. } = feed;
    let newest = output::date(feed.market_time.as_ref());
    format!(", going on after {newest} ({sessions_done} of {sessions_total} sessions done),")
}

fn commands(addresses: &Addresses) -> String {
    let gateway = addresses.gateway;
    let server = if gateway.port() == 8080 { String::new() } else { format!(" --server http://{gateway}") };
    format!(
        "  grpcurl -plaintext {gateway} tickmesh.market.v1.MarketService/StreamTicks\n  \
         curl -X POST {gateway}/predict -d '{{\"symbol\":\"AAPL\"}}'\n  \
         tickmesh watch{server}        (from the sources: cargo run --release -- watch{server})"
    )
}

#[cfg(test)]
mod tests {
    use super::super::shortage::Short;
    use super::*;

    fn replay(market_time: i64, sessions_done: u32) -> String {
        let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let (start, end) = (time(1_609_459_200), time(1_695_326_400)); // 2021-01-01, 2023-09-21T20:00
        describe(&Feed {
            kind: feed::Kind::Replay.into(),
            market_time: time(market_time),
            speed: Some(1.0),
            replay_start_time: start,
            replay_end_time: end,
            sessions_done,
            sessions_total: 684,
            ..Default::default()
        })
    }

    #[test]
    fn a_replay_that_has_nothing_to_play_says_so() {
        let over = replay(1_695_326_400, 684);
        assert_eq!(over, "the replay of 2021-01-01 to 2023-09-21 was over before this start; what is stored is served");
        let market_time = Some(prost_types::Timestamp { seconds: 1_695_326_400, nanos: 0 });
        let none = describe(&Feed { kind: feed::Kind::Replay.into(), market_time, ..Default::default() });
        assert_eq!(none, "nothing to replay: the data ends on 2023-09-21");
    }

    #[test]
    fn too_little_history_is_said_with_what_to_do() {
        let short = |symbol: Option<&str>, bars, ahead| {
            let start = Some(prost_types::Timestamp { seconds: 915_148_800, nanos: 0 });
            let feed = Feed { replay_start_time: start, ..Default::default() };
            let short = symbol.map(|symbol: &str| (symbol.to_owned(), Short { bars, still: 0 })).into_iter().collect();
            lack(&Shortage { short, ahead, is_total: true }, &feed)
        };
        let passing = short(Some("AAPL"), 104, 2595);
        assert!(passing.contains("AAPL has the most, 104 daily bars, and a model needs 361"), "{passing}");
        assert!(passing.contains("once 257 more days have been replayed"), "{passing}");
        let lasting = short(Some("AAPL"), 104, 36);
        assert!(lasting.contains("only 36 more days") && lasting.contains("a later --replay-from"), "{lasting}");
        let none = short(None, 0, 2699);
        assert!(none.starts_with("there is no history before 1999-01-01") && none.contains("once 361 more"), "{none}");
    }

    #[test]
    fn a_replay_that_was_begun_says_where_it_goes_on() {
        let first = replay(1_609_448_400, 0); // the close of the last day before it
        assert!(first.starts_with("replaying 2021-01-01 to 2023-09-21 at 1 trading days a second"), "{first}");
        let second = replay(1_612_558_800, 24);
        assert!(
            second.contains("to 2023-09-21, going on after 2021-02-05 (24 of 684 sessions done), at 1"),
            "{second}"
        );
    }
}
