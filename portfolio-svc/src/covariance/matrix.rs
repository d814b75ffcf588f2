use faer::{Mat, Side};

/// A covariance matrix a year: square, finite, symmetric, with variances of at least 0.
///
/// Estimators make it positive semidefinite by construction; [`factor`](Self::factor) cuts what rounding took below 0.
#[derive(Clone, Debug)]
pub struct Covariance {
    values: Mat<f64>,
}

/// Why a matrix is not a covariance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCovariance {
    /// Rows and columns differ, or there are none.
    #[error("must be square and not empty")]
    Shape,
    /// An entry is infinite, not a number, or differs from its mirror image.
    #[error("the entry in row {row}, column {column} must be finite and equal to its mirror image")]
    Entry {
        /// Counted from 0.
        row: usize,
        /// Counted from 0.
        column: usize,
    },
    /// A variance is negative.
    #[error("the variance of asset {asset} must be at least 0")]
    Variance {
        /// Counted from 0.
        asset: usize,
    },
}

impl Covariance {
    /// Takes a symmetric matrix.
    ///
    /// # Errors
    /// If it is not square, not finite, not exactly symmetric, or has a negative variance.
    pub fn new(values: Mat<f64>) -> Result<Self, BadCovariance> {
        let n = values.nrows();
        if n == 0 || values.ncols() != n {
            return Err(BadCovariance::Shape);
        }
        for column in 0..n {
            for row in 0..=column {
                if !values[(row, column)].is_finite() || values[(row, column)] != values[(column, row)] {
                    return Err(BadCovariance::Entry { row, column });
                }
            }
        }
        match (0..n).find(|i| values[(*i, *i)] < 0.0) {
            Some(asset) => Err(BadCovariance::Variance { asset }),
            None => Ok(Self { values }),
        }
    }

    /// The product XᵀX of a data matrix (dates × assets), each entry scaled, exactly symmetric.
    pub(super) fn gram(data: &Mat<f64>, scale: f64) -> Self {
        let product = data.transpose() * data;
        Self { values: Mat::from_fn(data.ncols(), data.ncols(), |i, j| scale * product[(i.max(j), i.min(j))]) }
    }

    /// Number of assets.
    pub fn assets(&self) -> usize {
        self.values.nrows()
    }

    /// The matrix, assets × assets.
    pub fn matrix(&self) -> &Mat<f64> {
        &self.values
    }

    /// One asset's variance a year.
    pub fn variance(&self, asset: usize) -> f64 {
        self.values[(asset, asset)]
    }

    /// The mean variance of all assets: the scale of the problem.
    pub fn mean_variance(&self) -> f64 {
        (0..self.assets()).map(|i| self.variance(i)).sum::<f64>() / self.assets() as f64
    }

    /// Σ x.
    ///
    /// # Panics
    /// If `x` does not have one entry for each asset.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        assert_eq!(x.len(), self.assets(), "one entry for each asset");
        let mut product = vec![0.0; x.len()];
        for (column, xi) in x.iter().enumerate() {
            product.iter_mut().zip(self.values.col_as_slice(column)).for_each(|(sum, s)| *sum += s * xi);
        }
        product
    }

    /// xᵀ Σ x.
    pub fn quadratic(&self, x: &[f64]) -> f64 {
        self.times(x).iter().zip(x).map(|(a, b)| a * b).sum::<f64>().max(0.0)
    }

    /// A matrix F with FᵀF = Σ, so that ‖F w‖ is the volatility of w.
    ///
    /// By the eigenvalues, since a covariance of fewer dates than assets has no Cholesky factor; eigenvalues that
    /// rounding took below 0 count as 0. Returns `None` if the eigenvalues do not converge.
    pub fn factor(&self) -> Option<Mat<f64>> {
        let eigen = self.values.self_adjoint_eigen(Side::Lower).ok()?;
        let (vectors, values) = (eigen.U(), eigen.S());
        let root = |k: usize| values.column_vector()[k].max(0.0).sqrt();
        Some(Mat::from_fn(self.assets(), self.assets(), |k, i| root(k) * vectors[(i, k)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_covariance() {
        let of = |a: [[f64; 2]; 2]| Covariance::new(Mat::from_fn(2, 2, |i, j| a[i][j])).unwrap_err();
        assert_eq!(of([[1.0, 0.5], [0.4, 1.0]]), BadCovariance::Entry { row: 0, column: 1 });
        assert_eq!(of([[1.0, 0.0], [0.0, f64::NAN]]), BadCovariance::Entry { row: 1, column: 1 });
        assert_eq!(of([[1.0, 0.0], [0.0, -1.0]]), BadCovariance::Variance { asset: 1 });
        assert_eq!(Covariance::new(Mat::zeros(2, 3)).unwrap_err(), BadCovariance::Shape);
    }

    #[test]
    fn a_factor_gives_the_matrix_back_even_when_singular() {
        let data = Mat::from_fn(3, 5, |t, i| ((t * 7 + i * 3) % 5) as f64 - 1.7);
        let covariance = Covariance::gram(&data, 0.5);
        let factor = covariance.factor().unwrap();
        let back = factor.transpose() * &factor;
        for i in 0..5 {
            for j in 0..5 {
                assert!((back[(i, j)] - covariance.matrix()[(i, j)]).abs() < 1e-12);
            }
        }
    }
}
