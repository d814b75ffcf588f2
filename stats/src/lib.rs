//! Statistics of returns and forecasts: pure functions, each with its formula and its paper.
//!
//! Letters throughout: `f` forecasts, `r` outcomes (simple returns), `n` their number, `t` time. Returns and errors are
//! fractions a bar, 0.01 is one percent. Nothing here reads a clock or draws a random number, and what is undefined is
//! `None`, never NaN.
//!
//! | question | answer |
//! | --- | --- |
//! | How large are the errors beside those of a forecast of nothing? | [`MseSkill`] |
//! | How often is the sign right, and how sure is that? | [`HitRate`] |
//! | Do forecast and outcome move together? | [`information_coefficient`], [`spearman`], [`CoMoments`] |
//! | How far can a mean over dependent terms be off? | [`newey_west`] |
//! | Which half-width would have covered the past? | [`conformal_quantile`] |
//! | How much of the variation of a level is explained? | [`r_squared`] |

mod co_moments;
mod correlation;
mod hit_rate;
mod newey_west;
mod quantile;
mod r_squared;
mod ranks;
mod skill;

pub use co_moments::CoMoments;
pub use correlation::{
    InformationCoefficient, information_coefficient, pearson, rank_information_coefficient, spearman,
};
pub use hit_rate::{HitRate, Interval};
pub use newey_west::{automatic_lag, newey_west};
pub use quantile::conformal_quantile;
pub use r_squared::r_squared;
pub use skill::{MseSkill, RatioTally};

/// Mean of the values; none of none.
///
/// ```
/// assert_eq!(tickmesh_stats::mean([1.0, 2.0, 6.0]), Some(3.0));
/// assert_eq!(tickmesh_stats::mean([]), None);
/// ```
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.into_iter().fold((0.0, 0_u64), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}
