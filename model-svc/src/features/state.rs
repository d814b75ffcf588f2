use super::atr::AverageTrueRange;
use super::bollinger::Bollinger;
use super::family::{Family, Step};
use super::macd::Macd;
use super::moving_average::{EmaRatios, SmaRatios};
use super::returns::Returns;
use super::row::{Row, RowBuilder};
use super::rsi::RelativeStrength;
use super::volatility::{EwmaVolatility, RealisedVolatility};
use super::volume::VolumeScore;
use super::weekday::Weekday;
use super::{Bar, FeatureDef, FeatureSet};

/// Column of the EWMA volatility, the last one.
pub(super) const VOLATILITY: usize = super::WIDTH - 1;

/// All that features remember of one symbol's past: constant size, constant amortised time a bar.
///
/// To restore a state, replay its bars: they are the source of truth, and [`FeatureSet::warm_up`] of them suffice for
/// every windowed feature (recursive averages remember all).
#[derive(Clone, Debug, Default)]
pub struct State {
    previous: Option<Bar>,
    returns: Returns,
    sma: SmaRatios,
    ema: EmaRatios,
    macd: Macd,
    rsi: RelativeStrength,
    bollinger: Bollinger,
    atr: AverageTrueRange,
    realised: RealisedVolatility,
    volume: VolumeScore,
    weekday: Weekday,
    ewma: EwmaVolatility,
}

impl State {
    /// The state before the first bar. There is one set so far, so the set only bears witness to which rows will come.
    #[must_use]
    pub fn new(_set: &FeatureSet) -> Self {
        Self::default()
    }

    /// Takes in the next bar and returns the row known at its close; none until every feature is warm.
    pub fn update(&mut self, bar: &Bar) -> Option<Row> {
        let step = Step { bar: *bar, previous: self.previous.replace(*bar) };
        // The order here is the order of `definitions`.
        RowBuilder::new()
            .with(self.returns.update(&step))
            .with(self.sma.update(&step))
            .with(self.ema.update(&step))
            .with(self.macd.update(&step))
            .with(self.rsi.update(&step))
            .with(self.bollinger.update(&step))
            .with(self.atr.update(&step))
            .with(self.realised.update(&step))
            .with(self.volume.update(&step))
            .with(self.weekday.update(&step))
            .with(self.ewma.update(&step))
            .finish()
    }
}

/// Rows of a whole history, one per bar, none while warming up: a fold of [`State::update`].
#[must_use]
pub fn fold(set: &FeatureSet, bars: &[Bar]) -> Vec<Option<Row>> {
    let mut state = State::new(set);
    bars.iter().map(|bar| state.update(bar)).collect()
}

/// Definitions in the order of a row's values.
pub(super) fn definitions() -> Vec<FeatureDef> {
    let families: [&[FeatureDef]; 11] = [
        &Returns::FEATURES,
        &SmaRatios::FEATURES,
        &EmaRatios::FEATURES,
        &Macd::FEATURES,
        &RelativeStrength::FEATURES,
        &Bollinger::FEATURES,
        &AverageTrueRange::FEATURES,
        &RealisedVolatility::FEATURES,
        &VolumeScore::FEATURES,
        &Weekday::FEATURES,
        &EwmaVolatility::FEATURES,
    ];
    families.concat()
}
