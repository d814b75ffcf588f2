use faer::Mat;

/// Simple returns on common dates: one row a date, oldest first, one column an asset. Fractions: -0.02 is a fall of 2
/// %.
///
/// At least two dates and one asset, all finite and above -1: checked once here, relied on everywhere.
#[derive(Clone, Debug)]
pub struct Returns {
    values: Mat<f64>,
}

/// Why numbers are not returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReturns {
    /// No estimate is possible.
    #[error("needs two dates and one asset")]
    TooFew,
    /// A value no price can produce.
    #[error("the return in row {row}, column {column} must be finite and above -1")]
    Impossible {
        /// Counted from 0, oldest first.
        row: usize,
        /// Counted from 0.
        column: usize,
    },
}

impl Returns {
    /// Takes a matrix of dates × assets.
    ///
    /// # Errors
    /// If it has fewer than two dates, no asset, or a value that is not finite or not above -1.
    pub fn new(values: Mat<f64>) -> Result<Self, BadReturns> {
        if values.nrows() < 2 || values.ncols() == 0 {
            return Err(BadReturns::TooFew);
        }
        for column in 0..values.ncols() {
            if let Some(row) = values.col_as_slice(column).iter().position(|r| !(r.is_finite() && *r > -1.0)) {
                return Err(BadReturns::Impossible { row, column });
            }
        }
        Ok(Self { values })
    }

    /// Simple returns of consecutive prices, one column of prices an asset.
    ///
    /// ```
    /// use portfolio_svc::prices::Returns;
    /// let returns = Returns::of_prices(&[vec![10.0, 11.0, 9.9], vec![5.0, 5.0, 6.0]])?;
    /// assert!((returns.asset(0)[1] - -0.1).abs() < 1e-15);
    /// # Ok::<(), portfolio_svc::prices::BadReturns>(())
    /// ```
    ///
    /// # Errors
    /// If there are fewer than three prices or a return is impossible.
    ///
    /// # Panics
    /// If the columns differ in length.
    pub fn of_prices(prices: &[Vec<f64>]) -> Result<Self, BadReturns> {
        let dates = prices.first().map_or(0, Vec::len).saturating_sub(1);
        assert!(prices.iter().all(|p| p.len() == dates + 1), "all columns have the same dates");
        Self::new(Mat::from_fn(dates, prices.len(), |t, i| prices[i][t + 1] / prices[i][t] - 1.0))
    }

    /// Number of dates.
    pub fn dates(&self) -> usize {
        self.values.nrows()
    }

    /// Number of assets.
    pub fn assets(&self) -> usize {
        self.values.ncols()
    }

    /// One asset's returns, oldest first.
    pub fn asset(&self, column: usize) -> &[f64] {
        self.values.col_as_slice(column)
    }

    /// The matrix of dates × assets.
    pub fn matrix(&self) -> &Mat<f64> {
        &self.values
    }

    /// The portfolio's return on each date when its weights are restored daily.
    ///
    /// # Panics
    /// If there is not one weight for each asset.
    pub fn of_portfolio(&self, weights: &[f64]) -> Vec<f64> {
        assert_eq!(weights.len(), self.assets(), "one weight for each asset");
        let mut total = vec![0.0; self.dates()];
        for (column, weight) in weights.iter().enumerate() {
            total.iter_mut().zip(self.asset(column)).for_each(|(sum, r)| *sum += weight * r);
        }
        total
    }

    /// The matrix less each column's mean, and the means.
    pub(crate) fn centred(&self) -> (Mat<f64>, Vec<f64>) {
        let n = self.dates() as f64;
        let means: Vec<f64> = (0..self.assets()).map(|i| self.asset(i).iter().sum::<f64>() / n).collect();
        (Mat::from_fn(self.dates(), self.assets(), |t, i| self.values[(t, i)] - means[i]), means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_no_price_can_produce() {
        let bad = |v: f64| Returns::new(Mat::from_fn(3, 2, |t, i| if (t, i) == (2, 1) { v } else { 0.0 }));
        for v in [f64::NAN, f64::INFINITY, -1.0, -1.5] {
            assert_eq!(bad(v).unwrap_err(), BadReturns::Impossible { row: 2, column: 1 });
        }
        assert!(bad(-0.99).is_ok());
        assert_eq!(Returns::new(Mat::zeros(1, 2)).unwrap_err(), BadReturns::TooFew);
    }

    #[test]
    fn a_portfolio_of_one_asset_returns_what_the_asset_does() {
        let returns = Returns::of_prices(&[vec![1.0, 2.0, 1.0], vec![4.0, 5.0, 6.0]]).unwrap();
        assert_eq!(returns.of_portfolio(&[0.0, 1.0]), returns.asset(1));
    }
}
