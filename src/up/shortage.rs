//! Symbols that have too little history to train on, and when a replay will have brought it.

use model_svc::features::FeatureSet;
use model_svc::training::MIN_ROWS;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::{Feed, Instrument, ListInstrumentsRequest, feed};
use tickmesh_proto::model::v1::TrainModelsResponse;
use tonic::transport::Channel;

use crate::failure::Failure;

/// Instruments asked for at a time.
const PAGE: i32 = 1000;

/// What the symbol that is nearest to a training still lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shortage {
    /// The symbol with the most history of those that have too little; none while no symbol has any.
    pub(super) symbol: Option<String>,
    /// How many daily bars it has.
    pub(super) bars: u64,
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
        Ok(Self::of(trained, feed, instruments(market).await?))
    }

    fn of(trained: &TrainModelsResponse, feed: &Feed, listed: Vec<Instrument>) -> Option<Self> {
        let ahead = u64::from(feed.sessions_total - feed.sessions_done);
        let is_total = !has_models(trained);
        if listed.is_empty() {
            return Some(Self { symbol: None, bars: 0, ahead, is_total });
        }
        let is_short = |symbol: &str| {
            trained.skipped.iter().any(|skipped| skipped.symbol == symbol && skipped.reason == "TOO_FEW_ROWS")
        };
        let short = listed.into_iter().filter(|one| is_short(&one.symbol));
        let nearest = short.reduce(|most, one| if one.daily_bars > most.daily_bars { one } else { most })?;
        Some(Self { symbol: Some(nearest.symbol), bars: nearest.daily_bars, ahead, is_total })
    }

    /// Sessions that must be played before there is enough, at least one.
    pub(super) fn sessions(&self) -> u64 {
        bars_to_train().saturating_sub(self.bars).max(1)
    }

    /// Whether the replay brings enough before it ends.
    pub(super) fn will_pass(&self) -> bool {
        self.sessions() <= self.ahead
    }
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
    let mut market = MarketServiceClient::new(market.clone());
    let (mut instruments, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListInstrumentsRequest { page_size: PAGE, page_token, ..Default::default() };
        let page = market.list_instruments(request).await?.into_inner();
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

    fn short(trained: &TrainModelsResponse, listed: Vec<Instrument>) -> Option<Shortage> {
        let feed = Feed { sessions_done: 10, sessions_total: 300, ..Default::default() };
        Shortage::of(trained, &feed, listed)
    }

    #[test]
    fn the_nearest_symbol_says_when_there_is_enough() {
        let skipped = ["OLD", "YOUNG"].map(|symbol| skipped(symbol, "TOO_FEW_ROWS")).into();
        let trained = TrainModelsResponse { skipped, ..Default::default() };
        let short = short(&trained, vec![listed("OLD", 104), listed("YOUNG", 3)]).unwrap();
        assert_eq!((short.symbol.as_deref(), short.bars, short.is_total), (Some("OLD"), 104, true));
        assert_eq!((short.sessions(), short.will_pass()), (257, true), "300 rows after a warm-up of 61 bars");
        let short = Shortage { bars: 70, ..short };
        assert_eq!((short.sessions(), short.will_pass()), (291, false));
    }

    #[test]
    fn a_symbol_that_is_no_better_with_more_bars_is_not_waited_for() {
        let trained = TrainModelsResponse { skipped: vec![skipped("ODD", "SUSPECTED_LEAK")], ..Default::default() };
        assert_eq!(short(&trained, vec![listed("ODD", 900)]), None);
    }

    #[test]
    fn beside_a_model_the_shortage_is_not_total() {
        let trained = TrainModelsResponse {
            versions: vec![ModelVersion::default()],
            skipped: vec![skipped("YOUNG", "TOO_FEW_ROWS")],
        };
        assert!(!short(&trained, vec![listed("OLD", 900), listed("YOUNG", 3)]).unwrap().is_total);
    }

    #[test]
    fn without_any_history_every_bar_is_to_come() {
        let short = short(&TrainModelsResponse::default(), Vec::new()).unwrap();
        assert_eq!((short.symbol.as_deref(), short.sessions()), (None, 361));
    }
}
