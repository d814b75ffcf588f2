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
    /// What each symbol has; nothing while no symbol has any.
    pub(super) short: BTreeMap<String, Short>,
    /// Sessions that the replay has not played yet.
    pub(super) ahead: u64,
    /// Whether nothing has a model, so that nothing is forecast.
    pub(super) is_total: bool,
}

/// What one symbol has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Short {
    /// Daily bars.
    pub(super) bars: u64,
    /// Looks in a row at which it had not grown.
    pub(super) still: u64,
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

    /// What is still short after `feed` has gone on. A symbol that does not grow for many looks is let go: it is not in the
    /// replay, or its data has ended; not at the first, which may be a session of other symbols alone. None if there is
    /// none left.
    ///
    /// # Errors
    /// If the market does not answer.
    pub(super) async fn grown(&self, feed: &Feed, market: &Channel) -> Result<Option<Self>, Failure> {
        Ok(self.grown_to(feed, &instruments(market).await?))
    }

    fn grown_to(&self, feed: &Feed, listed: &[Instrument]) -> Option<Self> {
        let was = |symbol: &str| match self.short.get(symbol) {
            None if self.short.is_empty() => Some(Short::default()),
            known => known.copied(),
        };
        let now = |one: &Instrument| {
            let before = was(&one.symbol)?;
            let still = if one.daily_bars > before.bars { 0 } else { before.still + 1 };
            (still <= AGAIN).then(|| (one.symbol.clone(), Short { bars: one.daily_bars, still }))
        };
        let short: BTreeMap<_, _> = listed.iter().filter_map(now).collect();
        (!short.is_empty()).then(|| Self { short, ahead: ahead(feed), is_total: self.is_total })
    }

    /// The symbol with the most history, the first of its kind, and its daily bars; none while no symbol has any.
    pub(super) fn nearest(&self) -> Option<(&str, u64)> {
        let most = self.short.iter().max_by_key(|(symbol, short)| (short.bars, Reverse(*symbol)));
        most.map(|(symbol, short)| (symbol.as_str(), short.bars))
    }

    fn most_bars(&self) -> u64 {
        self.nearest().map_or(0, |(_, bars)| bars)
    }

    /// Whether any symbol has new bars and with them as much history as a training needs.
    pub(super) fn has_passed(&self) -> bool {
        self.short.values().any(|short| short.still == 0 && short.bars >= bars_to_train())
    }

    /// Sessions that must be played before there is enough.
    pub(super) fn sessions(&self) -> u64 {
        if self.has_passed() { AGAIN } else { bars_to_train().saturating_sub(self.most_bars()).max(1) }
    }

    /// Whether the replay brings enough before it ends.
    pub(super) fn will_pass(&self) -> bool {
        self.sessions() <= self.ahead
    }
}

fn bars(instrument: &Instrument) -> (String, Short) {
    (instrument.symbol.clone(), Short { bars: instrument.daily_bars, still: 0 })
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
        let mut later = begun;
        for look in 0..=AGAIN {
            let now = [listed("ELSEWHERE", 360), listed("OLD", 105 + look), listed("TRAINED", 900)];
            assert_eq!((later.sessions(), later.has_passed()), (1, false));
            later = later.grown_to(&after(11), &now).unwrap();
        }
        assert_eq!((later.nearest(), later.sessions()), (Some(("OLD", 125)), 236));
        let passed = later.grown_to(&after(247), &[listed("OLD", 361)]).unwrap();
        assert!(passed.has_passed());
        assert_eq!(passed.sessions(), AGAIN, "if it has too few rows all the same");
    }

    #[test]
    fn a_session_of_others_is_no_reason_to_give_up() {
        let trained = TrainModelsResponse { skipped: vec![skipped("AAPL", "TOO_FEW_ROWS")], ..Default::default() };
        let friday = short(&trained, &[listed("AAPL", 360)]).unwrap();
        let saturday = friday.grown_to(&after(11), &[listed("AAPL", 360), listed("BTC-USD", 901)]).unwrap();
        assert_eq!((saturday.sessions(), saturday.has_passed()), (1, false));
        assert!(saturday.grown_to(&after(13), &[listed("AAPL", 361)]).unwrap().has_passed());
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
