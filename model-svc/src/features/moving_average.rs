use super::FeatureDef;
use super::family::{Family, Step, change};
use super::smoothing::Ema;
use super::window::Window;

/// Close relative to its simple moving averages.
#[derive(Clone, Debug, Default)]
pub(super) struct SmaRatios {
    week: Window<5>,
    fortnight: Window<10>,
    month: Window<20>,
    quarter: Window<50>,
}

impl Family<4> for SmaRatios {
    const FEATURES: [FeatureDef; 4] = [
        FeatureDef::new("sma_ratio_5", "C / SMA(C, 5) - 1", 5, 5),
        FeatureDef::new("sma_ratio_10", "C / SMA(C, 10) - 1", 10, 10),
        FeatureDef::new("sma_ratio_20", "C / SMA(C, 20) - 1", 20, 20),
        FeatureDef::new("sma_ratio_50", "C / SMA(C, 50) - 1", 50, 50),
    ];

    fn update(&mut self, step: &Step) -> Option<[f64; 4]> {
        let close = step.bar.close;
        let week = self.week.push(close);
        let fortnight = self.fortnight.push(close);
        let month = self.month.push(close);
        let quarter = self.quarter.push(close);
        Some([week?, fortnight?, month?, quarter?].map(|window| change(window.mean(), close)))
    }
}

/// Close relative to its exponential moving averages.
#[derive(Clone, Debug)]
pub(super) struct EmaRatios {
    fast: Ema,
    slow: Ema,
}

impl Default for EmaRatios {
    fn default() -> Self {
        Self { fast: Ema::new(12), slow: Ema::new(26) }
    }
}

impl Family<2> for EmaRatios {
    const FEATURES: [FeatureDef; 2] = [
        FeatureDef::new("ema_ratio_12", "C / EMA(C, 12) - 1, EMA seeded with the mean of the first 12 closes", 12, 12),
        FeatureDef::new("ema_ratio_26", "C / EMA(C, 26) - 1, EMA seeded with the mean of the first 26 closes", 26, 26),
    ];

    fn update(&mut self, step: &Step) -> Option<[f64; 2]> {
        let close = step.bar.close;
        let fast = self.fast.push(close);
        let slow = self.slow.push(close);
        Some([fast?, slow?].map(|mean| change(mean, close)))
    }
}
