use super::FeatureDef;
use super::family::{Family, Step};
use super::window::Window;

/// Root mean square of the simple returns over three windows. No mean is taken out: over days it is far below its own
/// error, so that taking it out adds noise.
#[derive(Clone, Debug, Default)]
pub(super) struct RealisedVolatility {
    week: Window<5>,
    month: Window<20>,
    quarter: Window<60>,
}

impl Family<3> for RealisedVolatility {
    const FEATURES: [FeatureDef; 3] = [
        FeatureDef::new("realised_volatility_5", "sqrt(mean of r^2 over 5 bars)", 5, 6),
        FeatureDef::new("realised_volatility_20", "sqrt(mean of r^2 over 20 bars)", 20, 21),
        FeatureDef::new("realised_volatility_60", "sqrt(mean of r^2 over 60 bars)", 60, 61),
    ];

    fn update(&mut self, step: &Step) -> Option<[f64; 3]> {
        let square = step.simple_return()?.powi(2);
        let week = self.week.push(square);
        let month = self.month.push(square);
        let quarter = self.quarter.push(square);
        Some([week?, month?, quarter?].map(|window| window.mean().sqrt()))
    }
}

/// Weight of the newest squared return (RiskMetrics 1996 has 1 - λ = 0.06 for daily data).
const ALPHA: f64 = 0.06;
const SEED: usize = 20;

/// Exponentially weighted volatility, the σ_t that scales forecast intervals.
#[derive(Clone, Debug, Default)]
pub(super) struct EwmaVolatility {
    seed: Window<SEED>,
    variance: Option<f64>,
}

impl Family<1> for EwmaVolatility {
    const FEATURES: [FeatureDef; 1] = [FeatureDef::new(
        "ewma_volatility",
        "sqrt(v), v <- 0.94 v + 0.06 r^2, seeded with the mean of the first 20 r^2",
        20,
        21,
    )];

    fn update(&mut self, step: &Step) -> Option<[f64; 1]> {
        let square = step.simple_return()?.powi(2);
        self.variance = match self.variance {
            Some(variance) => Some((1.0 - ALPHA) * variance + ALPHA * square),
            None => self.seed.push(square).map(|window| window.mean()),
        };
        self.variance.map(|variance| [variance.sqrt()])
    }
}
