use super::FeatureDef;
use super::family::{Family, Step};
use super::smoothing::Ema;

const FAST: usize = 12;
const SLOW: usize = 26;
const SIGNAL: usize = 9;

/// Moving average convergence divergence (Appel), each line relative to the close.
#[derive(Clone, Debug)]
pub(super) struct Macd {
    /// Closes that the fast average still ignores: TA-Lib seeds both averages so that they start on the same bar.
    delay: usize,
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Default for Macd {
    fn default() -> Self {
        Self { delay: SLOW - FAST, fast: Ema::new(FAST), slow: Ema::new(SLOW), signal: Ema::new(SIGNAL) }
    }
}

impl Macd {
    fn line(&mut self, close: f64) -> Option<f64> {
        let slow = self.slow.push(close);
        let fast = self.delayed_fast(close);
        Some(fast? - slow?)
    }

    fn delayed_fast(&mut self, close: f64) -> Option<f64> {
        if self.delay > 0 {
            self.delay -= 1;
            return None;
        }
        self.fast.push(close)
    }
}

impl Family<3> for Macd {
    const FEATURES: [FeatureDef; 3] = [
        FeatureDef::new(
            "macd_line",
            "(EMA(C, 12) - EMA(C, 26)) / C, both seeded to start at bar 26, given from bar 34 with its signal",
            26,
            34,
        ),
        FeatureDef::new("macd_signal", "EMA(EMA(C, 12) - EMA(C, 26), 9) / C", 34, 34),
        FeatureDef::new("macd_histogram", "macd_line - macd_signal", 34, 34),
    ];

    fn update(&mut self, step: &Step) -> Option<[f64; 3]> {
        let close = step.bar.close;
        let line = self.line(close)?;
        let signal = self.signal.push(line)?;
        Some([line / close, signal / close, (line - signal) / close])
    }
}
