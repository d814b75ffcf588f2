use super::FeatureDef;
use super::family::{Family, Step, change};
use super::window::Lags;

const HORIZONS: [usize; 6] = [1, 2, 3, 5, 10, 20];

/// Simple returns over 1 to 20 bars.
#[derive(Clone, Debug, Default)]
pub(super) struct Returns {
    closes: Lags<21>,
}

impl Family<6> for Returns {
    const FEATURES: [FeatureDef; 6] = [
        FeatureDef::new("return_1", "C / C[t-1] - 1 (TA-Lib ROCP 1)", 1, 2),
        FeatureDef::new("return_2", "C / C[t-2] - 1 (TA-Lib ROCP 2)", 2, 3),
        FeatureDef::new("return_3", "C / C[t-3] - 1 (TA-Lib ROCP 3)", 3, 4),
        FeatureDef::new("return_5", "C / C[t-5] - 1 (TA-Lib ROCP 5)", 5, 6),
        FeatureDef::new("return_10", "C / C[t-10] - 1 (TA-Lib ROCP 10)", 10, 11),
        FeatureDef::new("return_20", "C / C[t-20] - 1 (TA-Lib ROCP 20)", 20, 21),
    ];

    fn update(&mut self, step: &Step) -> Option<[f64; 6]> {
        let close = step.bar.close;
        self.closes.push(close);
        self.closes.back(20)?;
        Some(HORIZONS.map(|steps| self.closes.back(steps).map_or(0.0, |past| change(past, close))))
    }
}
