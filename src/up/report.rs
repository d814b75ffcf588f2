//! What `up` says on standard output: sentences for people, JSON for programs.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tickmesh_mesh::readiness::Readiness;
use tickmesh_proto::market::v1::{Feed, feed};
use tickmesh_proto::model::v1::{TrainModelsMetadata, TrainModelsResponse};

use super::mesh::Addresses;
use crate::cli::Target;
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
            part => {
                self.say(|| format!("{part:?} starts"), || json!({ "event": "starting", "part": format!("{part:?}") }));
            }
        }
    }

    pub(super) fn part_ready(self, target: Target) {
        self.say(|| format!("{target:?} is ready"), || json!({ "event": "ready", "part": format!("{target:?}") }));
    }

    /// Follows the import until market-svc is ready.
    pub(super) async fn importing(self, readiness: &Readiness) {
        let market = readiness.part("market");
        let bar = self.import_bar();
        let mut changes = market.changes();
        let mut total = 0;
        while !market.is_ready() {
            for latch in market.open() {
                total = latch.total.max(total);
                bar.set_length(latch.total);
                bar.set_position(latch.done);
            }
            if changes.changed().await.is_err() {
                break;
            }
        }
        bar.finish_and_clear();
        if total > 0 {
            self.say(|| format!("imported {total} bars"), || json!({ "event": "imported", "bars": total }));
        }
    }

    fn import_bar(self) -> ProgressBar {
        if !matches!(self, Self::Text) || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("importing {bar:30} {pos}/{len} bars").expect("a constant template");
        ProgressBar::new(0).with_style(style)
    }

    pub(super) fn training(self, progress: &TrainModelsMetadata) {
        // A terminal has the progress bar; a program reads each step.
        if let Self::Json = self {
            let TrainModelsMetadata { done, total, symbol, .. } = progress;
            output::line(json!({ "event": "training", "done": done, "total": total, "symbol": symbol }).to_string());
        }
    }

    pub(super) fn trained(self, result: &TrainModelsResponse) {
        for skipped in result.skipped.iter().filter(|skipped| skipped.reason != "HAS_CHAMPION") {
            let (symbol, why) = (&skipped.symbol, &skipped.message);
            self.say(
                || format!("{symbol} has no model: {why}"),
                || json!({ "event": "untrained", "symbol": symbol, "reason": skipped.reason }),
            );
        }
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

fn describe(feed: &Feed) -> String {
    let speed = feed.speed.unwrap_or_default();
    match feed.kind() {
        feed::Kind::Replay => format!(
            "replaying {} to {} at {speed} trading days a second; all that is shown from here on is out of sample",
            output::date(feed.replay_start_time.as_ref()),
            output::date(feed.replay_end_time.as_ref()),
        ),
        feed::Kind::Synthetic => {
            format!("a synthetic market at {speed} trading days a second: a random walk, so expect no skill")
        }
        _ => "no feed: what is stored is served".into(),
    }
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
