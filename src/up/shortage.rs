//! Symbols that have too little history to train on, and when a replay will have brought it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model_svc::features::FeatureSet;
use model_svc::training::MIN_ROWS;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{Feed, Instrument, ListInstrumentsRequest, feed};
use tickmesh_proto::model::v1::TrainModelsResponse;
use tonic::transport::Channel;

use crate::failure::Failure;
use crate::training;

/// Instruments asked for at a time.
const PAGE: i32 = 1000;

/// Sessions until a symbol is tried again that has as many bars as a training needs, and too few rows all the same.
const AGAIN: u64 = 20;

/// What has too little history to train on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shortage {
    /// How many daily bars each symbol has; nothing while no symbol has any.
    pub(super) short: BTreeMap<String, u64>,
    /// Sessions that the replay has not played yet.
    pub(super) ahead: u64,
    /// Whether nothing has a model, so that nothing is forecast.
    pub(super) is_total: bool,
}

impl Shortage {
    /// What a training left out for want of history that `feed` may bring; none for a feed that brings no more days.
    ///
    /// # Errors
    /// If the market does not answer.
    pub(super) async fn after(
        trained: &TrainModelsResponse,
        feed: &Feed,
        market: &Channel,
    ) -> Result<Option<Self>, Failure> {
        if feed.kind() != feed::Kind::Replay || feed.sessions_done == feed.sessions_total {
            return Ok(None);
        }
        Ok(Self::of(trained, feed, &instruments(market).await?))
    }

    fn of(trained: &TrainModelsResponse, feed: &Feed, listed: &[Instrument]) -> Option<Self> {
        let is_short = |symbol: &str| {
            trained.skipped.iter().any(|skipped| skipped.symbol == symbol && skipped.reason == "TOO_FEW_ROWS")
        };
        let short = listed.iter().filter(|one| is_short(&one.symbol)).map(bars).collect::<BTreeMap<_, _>>();
        let is_any = listed.is_empty() || !short.is_empty();
        is_any.then(|| Self { short, ahead: ahead(feed), is_total: !has_models(trained) })
    }

    /// What is still short after `feed` has gone on, of the symbols to which it has brought anything: the others are
    /// not in the replay, or their data has ended. None if there is no such.
    ///
    /// # Errors
    /// If the market does not answer.
    pub(super) async fn grown(&self, feed: &Feed, market: &Channel) -> Result<Option<Self>, Failure> {
        Ok(self.grown_to(feed, &instruments(market).await?))
    }

    fn grown_to(&self, feed: &Feed, listed: &[Instrument]) -> Option<Self> {
        let was = |symbol: &str| if self.short.is_empty() { Some(0) } else { self.short.get(symbol).copied() };
        let has_grown = |one: &&Instrument| was(&one.symbol).is_some_and(|before| one.daily_bars > before);
        let short: BTreeMap<_, _> = listed.iter().filter(has_grown).map(bars).collect();
        (!short.is_empty()).then(|| Self { short, ahead: ahead(feed), is_total: self.is_total })
    }

    /// The symbol with the most history, the first of its kind, and its daily bars; none while no symbol has any.
    pub(super) fn nearest(&self) -> Option<(&str, u64)> {
        let most = self.short.iter().max_by_key(|(symbol, bars)| (**bars, Reverse(*symbol)));
        most.map(|(symbol, bars)| (symbol.as_str(), *bars))
    }

    fn most_bars(&self) -> u64 {
        self.nearest().map_or(0, |(_, bars)| bars)
    }

    /// Whether any symbol has as much history as a training needs.
    pub(super) fn has_passed(&self) -> bool {
        self.most_bars() >= bars_to_train()
    }

    /// Sessions that must be played before there is enough.
    pub(super) fn sessions(&self) -> u64 {
        if self.has_passed() { AGAIN } else { bars_to_train() - self.most_bars() }
    }

    /// Whether the replay brings enough before it ends.
    pub(super) fn will_pass(&self) -> bool {
        self.sessions() <= self.ahead
    }
}

fn bars(instrument: &Instrument) -> (String, u64) {
    (instrument.symbol.clone(), instrument.daily_bars)
}

fn ahead(feed: &Feed) -> u64 {
    u64::from(feed.sessions_total - feed.sessions_done)
}

/// Fewest daily bars that a model is trained on: as many rows, each with its outcome, after the features' warm-up.
pub(super) fn bars_to_train() -> u64 {
    (MIN_ROWS + FeatureSet::standard().warm_up()) as u64
}

/// Whether any symbol has a model after a training of those that had none.
pub(super) fn has_models(trained: &TrainModelsResponse) -> bool {
    !trained.versions.is_empty() || trained.skipped.iter().any(|skipped| skipped.reason == "HAS_CHAMPION")
}

async fn instruments(market: &Channel) -> Result<Vec<Instrument>, Failure> {
    let market = MarketServiceClient::new(market.clone());
    let (mut instruments, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListInstrumentsRequest { page_size: PAGE, page_token, ..Default::default() };
        let ask = || {
            let (mut market, request) = (market.clone(), request.clone());
            async move { market.list_instruments(request).await }
        };
        let page = training::answered(ask).await?.into_inner();
        instruments.extend(page.instruments);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(instruments);
        }
    }
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::model::v1::{ModelVersion, SkippedSymbol};

    use super::*;

    fn skipped(symbol: &str, reason: &str) -> SkippedSymbol {
        SkippedSymbol { symbol: symbol.into(), reason: reason.into(), ..Default::default() }
    }

    fn listed(symbol: &str, daily_bars: u64) -> Instrument {
        Instrument { symbol: symbol.into(), daily_bars, ..Default::default() }
    }

    fn after(sessions: u32) -> Feed {
        Feed { sessions_done: sessions, sessions_total: 300, ..Default::default() }
    }

    fn short(trained: &TrainModelsResponse, listed: &[Instrument]) -> Option<Shortage> {
        Shortage::of(trained, &after(10), listed)
    }

    #[test]
    fn the_nearest_symbol_says_when_there_is_enough() {
        let skipped = ["OLD", "YOUNG"].map(|symbol| skipped(symbol, "TOO_FEW_ROWS")).into();
        let trained = TrainModelsResponse { skipped, ..Default::default() };
        let enough = short(&trained, &[listed("OLD", 104), listed("YOUNG", 3)]).unwrap();
        assert_eq!((enough.nearest(), enough.is_total), (Some(("OLD", 104)), true));
        assert_eq!((enough.sessions(), enough.will_pass()), (257, true), "300 rows after a warm-up of 61 bars");
        let little = short(&trained, &[listed("OLD", 70)]).unwrap();
        assert_eq!((little.sessions(), little.will_pass()), (291, false));
    }

    #[test]
    fn what_the_replay_does_not_bring_is_not_waited_for() {
        let skipped = ["ELSEWHERE", "OLD"].map(|symbol| skipped(symbol, "TOO_FEW_ROWS")).into();
        let trained = TrainModelsResponse { skipped, ..Default::default() };
        let begun = short(&trained, &[listed("ELSEWHERE", 360), listed("OLD", 104)]).unwrap();
        assert_eq!((begun.nearest(), begun.sessions()), (Some(("ELSEWHERE", 360)), 1));
        let one = [listed("ELSEWHERE", 360), listed("OLD", 105), listed("TRAINED", 900)];
        let later = begun.grown_to(&after(11), &one).unwrap();
        assert_eq!((later.nearest(), later.sessions(), later.has_passed()), (Some(("OLD", 105)), 256, false));
        let passed = later.grown_to(&after(267), &[listed("OLD", 361)]).unwrap();
        assert!(passed.has_passed());
        assert_eq!(passed.sessions(), AGAIN, "if it has too few rows all the same");
        assert_eq!(passed.grown_to(&after(287), &[listed("OLD", 361)]), None, "its data has ended");
    }

    #[test]
    fn a_symbol_that_is_no_better_with_more_bars_is_not_waited_for() {
        let trained = TrainModelsResponse { skipped: vec![skipped("ODD", "SUSPECTED_LEAK")], ..Default::default() };
        assert_eq!(short(&trained, &[listed("ODD", 900)]), None);
    }

    #[test]
    fn beside_a_model_the_shortage_is_not_total() {
        let trained = TrainModelsResponse {
            versions: vec![ModelVersion::default()],
            skipped: vec![skipped("YOUNG", "TOO_FEW_ROWS")],
        };
        assert!(!short(&trained, &[listed("OLD", 900), listed("YOUNG", 3)]).unwrap().is_total);
    }

    #[test]
    fn without_any_history_every_bar_is_to_come() {
        let short = short(&TrainModelsResponse::default(), &[]).unwrap();
        assert_eq!((short.nearest(), short.sessions()), (None, 361));
        let begun = short.grown_to(&after(11), &[listed("AAPL", 1)]).unwrap();
        assert_eq!((begun.nearest(), begun.sessions()), (Some(("AAPL", 1)), 360));
    }
}
