use super::FeatureDef;
use super::family::{Family, Step};
use super::smoothing::Wilder;

/// Relative strength index (Wilder 1978), 0 to 100.
#[derive(Clone, Debug)]
pub(super) struct RelativeStrength {
    gain: Wilder,
    loss: Wilder,
}

impl Default for RelativeStrength {
    fn default() -> Self {
        Self { gain: Wilder::new(14), loss: Wilder::new(14) }
    }
}

impl Family<1> for RelativeStrength {
    const FEATURES: [FeatureDef; 1] = [FeatureDef::new(
        "rsi_14",
        "100 G / (G + L), G and L Wilder's averages over 14 of the rises and falls of C; 0 while C has never moved",
        14,
        15,
    )];

    fn update(&mut self, step: &Step) -> Option<[f64; 1]> {
        let move_by = step.bar.close - step.previous?.close;
        let gain = self.gain.push(move_by.max(0.0));
        let loss = self.loss.push((-move_by).max(0.0));
        Some([strength(gain?, loss?)])
    }
}

fn strength(gain: f64, loss: f64) -> f64 {
    let total = gain + loss;
    // TA-Lib's answer for a price that has never moved.
    if total == 0.0 { 0.0 } else { 100.0 * (gain / total) }
}
