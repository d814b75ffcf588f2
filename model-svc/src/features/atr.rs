use super::family::{Family, Step};
use super::smoothing::Wilder;
use super::{Bar, FeatureDef};

/// Average true range (Wilder 1978) relative to the close.
#[derive(Clone, Debug)]
pub(super) struct AverageTrueRange {
    range: Wilder,
}

impl Default for AverageTrueRange {
    fn default() -> Self {
        Self { range: Wilder::new(14) }
    }
}

impl Family<1> for AverageTrueRange {
    const FEATURES: [FeatureDef; 1] = [FeatureDef::new(
        "atr_ratio_14",
        "ATR / C, ATR Wilder's average over 14 of max(H - L, |H - C[t-1]|, |L - C[t-1]|)",
        14,
        15,
    )];

    fn update(&mut self, step: &Step) -> Option<[f64; 1]> {
        let range = true_range(&step.bar, step.previous?.close);
        self.range.push(range).map(|mean| [mean / step.bar.close])
    }
}

fn true_range(bar: &Bar, previous_close: f64) -> f64 {
    (bar.high - bar.low).max((bar.high - previous_close).abs()).max((bar.low - previous_close).abs())
}
