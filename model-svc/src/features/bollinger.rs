use super::FeatureDef;
use super::family::{Family, Step};
use super::moments::Moments;
use super::window::Window;

/// Half the width of the bands, in standard deviations.
const DEVIATIONS: f64 = 2.0;

/// Where the close stands within its Bollinger bands, and how wide they are (Bollinger 2001).
#[derive(Clone, Debug, Default)]
pub(super) struct Bollinger {
    closes: Window<20>,
}

impl Family<2> for Bollinger {
    const FEATURES: [FeatureDef; 2] = [
        FeatureDef::new(
            "bollinger_percent_b",
            "(C - lower) / (upper - lower), bands SMA(C, 20) +- 2 population standard deviations; 0.5 when they meet",
            20,
            20,
        ),
        FeatureDef::new("bollinger_width", "(upper - lower) / SMA(C, 20)", 20, 20),
    ];

    fn update(&mut self, step: &Step) -> Option<[f64; 2]> {
        let close = step.bar.close;
        self.closes.push(close).map(|window| [percent_b(close, &window), width(&window)])
    }
}

fn percent_b(close: f64, window: &Moments) -> f64 {
    let half = DEVIATIONS * window.deviation();
    if half == 0.0 { 0.5 } else { 0.5 + (close - window.mean()) / (2.0 * half) }
}

fn width(window: &Moments) -> f64 {
    2.0 * DEVIATIONS * window.deviation() / window.mean()
}
