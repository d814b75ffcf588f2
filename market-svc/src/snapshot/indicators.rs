//! Technical indicators of closes, updated in constant time per close and equal to TA-Lib's, warm-up included.
//!
//! | indicator | formula | first value after |
//! | --- | --- | --- |
//! | RSI(14) | 100 G / (G + L); G, L: Wilder averages x ← (13 x + new) / 14 of gains and losses, seeded by the mean of the first 14 | 15 closes |
//! | Bollinger(20, 2) | mean ± 2 population standard deviations of 20 closes | 20 |
//! | SMA(n) | mean of n closes | n |
//! | EMA(n) | x ← x + 2 / (n + 1) (close − x), seeded by the mean of the first n closes | n |
//!
//! RSI and Bollinger bands: Wilder 1978, *New Concepts in Technical Trading Systems*; Bollinger 2001.

use std::collections::VecDeque;

const RSI: u32 = 14;
const BOLLINGER: usize = 20;
const BOLLINGER_WIDTH: f64 = 2.0;
const LONGEST: usize = 50;

/// Indicator values in the units of the closes; absent while warming up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Indicators {
    /// Relative strength index over 14 closes, 0 to 100.
    pub rsi_14: Option<f64>,
    /// Bollinger bands over 20 closes.
    pub bollinger: Option<Bands>,
    /// Mean of the last 20 closes.
    pub sma_20: Option<f64>,
    /// Mean of the last 50 closes.
    pub sma_50: Option<f64>,
    /// Exponential mean, span 12.
    pub ema_12: Option<f64>,
    /// Exponential mean, span 26.
    pub ema_26: Option<f64>,
}

/// Bollinger bands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bands {
    /// Middle plus two standard deviations.
    pub upper: f64,
    /// The mean.
    pub middle: f64,
    /// Middle less two standard deviations.
    pub lower: f64,
}

/// Indicators on their way: what must be remembered to update them by one close.
#[derive(Clone, Debug)]
pub struct RunningIndicators {
    closes: VecDeque<f64>,
    rsi: Wilder,
    ema_12: Ema,
    ema_26: Ema,
}

impl Default for RunningIndicators {
    fn default() -> Self {
        Self {
            closes: VecDeque::with_capacity(LONGEST),
            rsi: Wilder::default(),
            ema_12: Ema::new(12),
            ema_26: Ema::new(26),
        }
    }
}

impl RunningIndicators {
    /// Takes the next close, adjusted.
    pub fn update(&mut self, close: f64) {
        if self.closes.len() == LONGEST {
            self.closes.pop_front();
        }
        self.closes.push_back(close);
        self.rsi.update(close);
        self.ema_12.update(close);
        self.ema_26.update(close);
    }

    /// The values now, each but RSI divided by `factor`: the newest bar's adjustment factor takes adjusted units back
    /// to those of its raw price.
    pub fn read(&self, factor: f64) -> Indicators {
        let raw = |value: Option<f64>| value.map(|value| value / factor);
        Indicators {
            rsi_14: self.rsi.value(),
            bollinger: self.bollinger(factor),
            sma_20: raw(self.mean(20)),
            sma_50: raw(self.mean(50)),
            ema_12: raw(self.ema_12.value),
            ema_26: raw(self.ema_26.value),
        }
    }

    fn last(&self, n: usize) -> Option<impl Iterator<Item = f64> + Clone> {
        let skipped = self.closes.len().checked_sub(n)?;
        Some(self.closes.iter().skip(skipped).copied())
    }

    /// Summed anew each time: a running sum would gather rounding errors over the years.
    fn mean(&self, n: usize) -> Option<f64> {
        Some(self.last(n)?.sum::<f64>() / n as f64)
    }

    fn bollinger(&self, factor: f64) -> Option<Bands> {
        let mean = self.mean(BOLLINGER)?;
        let squares: f64 = self.last(BOLLINGER)?.map(|close| (close - mean).powi(2)).sum();
        let width = BOLLINGER_WIDTH * (squares / BOLLINGER as f64).sqrt();
        Some(Bands { upper: (mean + width) / factor, middle: mean / factor, lower: (mean - width) / factor })
    }
}

/// Wilder's averages of gains and losses.
#[derive(Clone, Copy, Debug, Default)]
struct Wilder {
    previous: Option<f64>,
    changes: u32,
    gain: f64,
    loss: f64,
}

impl Wilder {
    fn update(&mut self, close: f64) {
        let Some(previous) = self.previous.replace(close) else { return };
        let change = close - previous;
        self.changes = (self.changes + 1).min(RSI + 1);
        // Until the averages are full each change counts alike; then the oldest share fades.
        let (keep, share) = if self.changes <= RSI {
            (1.0, 1.0 / f64::from(RSI))
        } else {
            (f64::from(RSI - 1) / f64::from(RSI), 1.0 / f64::from(RSI))
        };
        self.gain = self.gain * keep + change.max(0.0) * share;
        self.loss = self.loss * keep + (-change).max(0.0) * share;
    }

    /// 0 where prices have not moved, as TA-Lib has it.
    fn value(&self) -> Option<f64> {
        let sum = self.gain + self.loss;
        let value = if sum > 0.0 { 100.0 * self.gain / sum } else { 0.0 };
        (self.changes >= RSI).then_some(value)
    }
}

/// An exponential mean seeded by a simple one.
#[derive(Clone, Copy, Debug)]
struct Ema {
    span: u32,
    seen: u32,
    sum: f64,
    value: Option<f64>,
}

impl Ema {
    fn new(span: u32) -> Self {
        Self { span, seen: 0, sum: 0.0, value: None }
    }

    fn update(&mut self, close: f64) {
        if let Some(value) = &mut self.value {
            *value += 2.0 / f64::from(self.span + 1) * (close - *value);
            return;
        }
        self.seen += 1;
        self.sum += close;
        self.value = (self.seen == self.span).then(|| self.sum / f64::from(self.span));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tickmesh_proto::types::TimeFrame;

    use super::*;
    use crate::csv;

    fn apple() -> Vec<f64> {
        let options = csv::Options { symbol: None, time_frame: TimeFrame::D1, until: None };
        let bars = csv::Reader::new(csv::BUNDLED, options).unwrap().map(Result::unwrap);
        bars.filter(|bar| bar.series.symbol.as_str() == "AAPL").map(|bar| bar.candle.adjusted_close()).collect()
    }

    fn after(closes: &[f64]) -> Indicators {
        let mut running = RunningIndicators::default();
        closes.iter().for_each(|close| running.update(*close));
        running.read(1.0)
    }

    fn near(ours: Option<f64>, theirs: Option<f64>) -> bool {
        match (ours, theirs) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9 * b.abs(),
            (a, b) => a == b,
        }
    }

    /// Closes seen; RSI, upper, middle and lower band, SMA 20 and 50, EMA 12 and 26 from TA-Lib 0.8.1 over the adjusted
    /// closes of AAPL in the bundled bars.
    type Golden = (usize, [Option<f64>; 8]);
    #[rustfmt::skip]
    const TA_LIB: [Golden; 5] = [
        (15, [Some(35.288235340982176), None, None, None, None, None, Some(15.723517099681384), None]),
        (50, [Some(40.57014510171033), Some(14.313552566839459), Some(13.54582854999999), Some(12.778104533160523),
              Some(13.54582854999999), Some(14.371417860000003), Some(13.362671877778917), Some(13.727838675770881)]),
        (61, [Some(38.03440407697239), Some(14.419910431828445), Some(13.589340699999994), Some(12.758770968171543),
              Some(13.589340699999994), Some(13.928515740000005), Some(13.747235907087255), Some(13.807379671986366)]),
        (501, [Some(55.63356445419569), Some(26.50863333191039), Some(25.266941999999993), Some(24.025250668089598),
              Some(25.266941999999993), Some(24.761979939999964), Some(25.147327142742384), Some(25.10860260217021)]),
        (2699, [Some(40.019078862595414), Some(190.05187912953787), Some(179.98550039999992), Some(169.91912167046198),
              Some(179.98550039999992), Some(183.59854069999992), Some(177.47411028542732), Some(179.45958353251683)]),
    ];

    #[test]
    fn values_and_warm_up_equal_those_of_ta_lib() {
        let closes = apple();
        for (seen, expected) in TA_LIB {
            let i = after(&closes[..seen]);
            let bands = |of: fn(Bands) -> f64| i.bollinger.map(of);
            let (upper, middle, lower) = (bands(|b| b.upper), bands(|b| b.middle), bands(|b| b.lower));
            let ours = [i.rsi_14, upper, middle, lower, i.sma_20, i.sma_50, i.ema_12, i.ema_26];
            assert!(ours.iter().zip(expected).all(|(a, b)| near(*a, b)), "after {seen}: {ours:?}\n{expected:?}");
        }
    }

    #[test]
    fn each_appears_with_its_last_needed_close() {
        let closes = apple();
        assert!(after(&closes[..14]).rsi_14.is_none() && after(&closes[..15]).rsi_14.is_some());
        assert!(after(&closes[..19]).bollinger.is_none() && after(&closes[..20]).bollinger.is_some());
        assert!(after(&closes[..49]).sma_50.is_none() && after(&closes[..50]).sma_50.is_some());
        assert!(after(&closes[..25]).ema_26.is_none() && after(&closes[..26]).ema_26.is_some());
    }

    #[test]
    fn prices_that_do_not_move_have_strength_zero() {
        assert_eq!(after(&[5.0; 60]).rsi_14, Some(0.0));
    }

    proptest! {
        /// A later adjustment scales all past closes: read back in raw units, nothing changes.
        #[test]
        fn scaling_history_and_factor_together_changes_nothing(
            closes in prop::collection::vec(1.0..100.0f64, 60), scale in 0.01..100.0f64
        ) {
            let scaled: Vec<_> = closes.iter().map(|close| close * scale).collect();
            let mut running = RunningIndicators::default();
            scaled.iter().for_each(|close| running.update(*close));
            let (a, b) = (running.read(scale), after(&closes));
            prop_assert!(near(a.rsi_14, b.rsi_14) && near(a.sma_50, b.sma_50) && near(a.ema_26, b.ema_26));
        }

        #[test]
        fn bands_surround_the_mean(closes in prop::collection::vec(1.0..100.0f64, 20..60)) {
            let i = after(&closes);
            let bands = i.bollinger.unwrap();
            prop_assert!(bands.lower <= bands.middle && bands.middle <= bands.upper);
            prop_assert_eq!(Some(bands.middle), i.sma_20);
            prop_assert!((0.0..=100.0).contains(&i.rsi_14.unwrap()));
        }
    }
}
