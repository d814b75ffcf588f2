/// Portfolio weights: finite, summing to 1 within 1e-9.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights(Vec<f64>);

/// Why numbers are not weights.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadWeights {
    /// A weight is infinite or not a number.
    #[error("weight {0} must be finite")]
    NotFinite(usize),
    /// The sum is off.
    #[error("must sum to 1, not {0}")]
    Sum(f64),
}

impl Weights {
    /// The same weight for each of `n` assets.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn equal(n: usize) -> Self {
        assert!(n > 0, "weights of nothing cannot sum to 1");
        Self(vec![1.0 / n as f64; n])
    }

    /// Weights in proportion to `parts`. `None` if these are not all finite or have no sum to share.
    pub fn in_proportion(parts: &[f64]) -> Option<Self> {
        let total: f64 = parts.iter().sum();
        Self::try_from(parts.iter().map(|part| part / total).collect::<Vec<_>>()).ok()
    }

    /// The weights in the order of the assets.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// Half the sum of absolute changes from `held`: the share of the portfolio that changes hands once in and once
    /// out.
    ///
    /// # Panics
    /// If `held` has another length.
    pub fn turnover_from(&self, held: &[f64]) -> f64 {
        assert_eq!(held.len(), self.0.len(), "one held weight for each asset");
        self.0.iter().zip(held).map(|(w, h)| (w - h).abs()).sum::<f64>() / 2.0
    }
}

impl TryFrom<Vec<f64>> for Weights {
    type Error = BadWeights;

    fn try_from(weights: Vec<f64>) -> Result<Self, BadWeights> {
        if let Some(at) = weights.iter().position(|w| !w.is_finite()) {
            return Err(BadWeights::NotFinite(at));
        }
        let sum: f64 = weights.iter().sum();
        if (sum - 1.0).abs() > 1e-9 { Err(BadWeights::Sum(sum)) } else { Ok(Self(weights)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_finite_numbers_that_sum_to_one() {
        assert!(Weights::try_from(vec![0.25, 1.0, -0.25]).is_ok());
        assert_eq!(Weights::try_from(vec![0.5, 0.6]), Err(BadWeights::Sum(1.1)));
        assert_eq!(Weights::try_from(vec![1.0, f64::NAN]), Err(BadWeights::NotFinite(1)));
        assert!(Weights::try_from(Vec::new()).is_err());
        assert!(Weights::in_proportion(&[0.0, 0.0]).is_none());
    }

    #[test]
    fn swapping_all_of_one_asset_for_another_is_a_turnover_of_one() {
        let weights = Weights::try_from(vec![1.0, 0.0]).unwrap();
        assert_eq!(weights.turnover_from(&[0.0, 1.0]), 1.0);
    }
}
