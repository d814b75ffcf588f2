//! Features of daily bars, computed one bar at a time.
//!
//! A history is turned into rows by one function only: [`State::update`]. The batch form [`fold`] is a fold of it, so a
//! feature computed offline equals the one computed live to the last bit. A row is known at the close of its bar and
//! looks at nothing later; [`leak::check`] holds any such computation to that.
//!
//! ```text
//! Bar ──▶ Step (bar, the one before, simple return) ──▶ each Family: update ──▶ Option<[f64; N]> ──▶ Row (26 values)
//! ```
//!
//! **Adjusted prices.** Open, high, low and close are multiplied by the bar's adjustment factor before they come here;
//! volume is not. Every feature is a ratio, a rank or a z-score, so that a constant factor on all prices or on all
//! volumes changes nothing: an adjusted level knows future splits and dividends, an adjusted ratio does not.
//!
//! **TA-Lib.** RSI, Bollinger bands, SMA, EMA, MACD, ATR and rate of change equal TA-Lib's in value and in warm-up.
//! Sums over a window are kept by two stacks of mergeable moments (`window.rs`), which never subtract; TA-Lib's
//! Bollinger bands take the difference of two running sums, so that the two agree to 1e-11 on the 300 real bars of the
//! golden file and not to the last bit.
//!
//! ```
//! use model_svc::features::{Bar, FeatureSet, State, fold};
//!
//! const DAY: i64 = 86_400_000_000_000;
//! let bars: Vec<Bar> = (0..100)
//!     .map(|day| {
//!         let close = 100.0 + (day % 7) as f64;
//!         Bar { time: day * DAY, open: close, high: close + 1.0, low: close - 1.0, close, volume: 1e6 }
//!     })
//!     .collect();
//!
//! let set = FeatureSet::standard();
//! let rows = fold(&set, &bars);
//! assert_eq!(rows.iter().filter(|row| row.is_none()).count(), set.warm_up() - 1);
//!
//! let mut state = State::new(&set);
//! let live = bars.iter().map(|bar| state.update(bar)).last().flatten();
//! assert_eq!(live, rows[99]);
//! ```

mod atr;
mod bar;
mod bollinger;
mod definition;
mod family;
pub mod leak;
mod macd;
mod moments;
mod moving_average;
mod returns;
mod row;
mod rsi;
mod smoothing;
mod state;
#[cfg(test)]
mod tests;
mod volatility;
mod volume;
mod weekday;
mod window;

pub use bar::Bar;
pub use definition::{FeatureDef, FeatureSet};
pub use row::{Row, WIDTH};
pub use state::{State, fold};
