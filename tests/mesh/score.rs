//! What the forecasts are worth, out of sample, as GetLiveScore shows it.

use tickmesh_proto::model::v1::LiveScore;

use crate::harness::{Mesh, SYMBOLS, until};

/// Sessions of the bundled bars since 2021.
const SESSIONS: u32 = 684;

/// Points by which the coverage of `forecasts` intervals may miss its nominal one.
fn tolerance(forecasts: u64) -> f64 {
    if forecasts < 600 { 0.04 } else { 0.02 }
}

fn keeps_its_promise(score: &LiveScore) {
    let coverage = score.coverage.unwrap();
    assert!((score.nominal_coverage - 0.9).abs() < 1e-12);
    assert!((coverage - 0.9).abs() <= tolerance(score.forecasts), "{}: coverage {coverage}", score.symbol);
    let (mse, persistence) = (score.mse.unwrap(), score.mse_persistence.unwrap());
    assert!(mse > 0.0 && mse < 1.1 * persistence, "{}: {mse} against {persistence}", score.symbol);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_whole_bundled_replay_intervals_cover_and_errors_stay_near_persistence() {
    let mesh = Mesh::builder().speed(1000.0).replay_from("2021-01-01").start().await;
    let feed = mesh.replay_ended().await;
    assert_eq!((feed.sessions_done, feed.sessions_total), (SESSIONS, SESSIONS));
    // The first scored forecast is made at the last close before the replay, whose outcome is the first session; the
    // last session's has none yet.
    let scored = u64::from(SESSIONS) * SYMBOLS.len() as u64;
    let score = until(async || {
        let score = mesh.live_score().await;
        let all = score.total.as_ref().is_some_and(|total| total.forecasts == scored);
        all.then_some(score)
    })
    .await;
    let symbols: Vec<_> = score.scores.iter().map(|score| score.symbol.as_str()).collect();
    assert_eq!(symbols, SYMBOLS);
    score.scores.iter().for_each(keeps_its_promise);
    keeps_its_promise(score.total.as_ref().unwrap());
}
