use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{ArrayBase, ArrayView1, ArrayView2, Data, Ix1, Ix2};

use super::params::RidgeValidParams;
use super::scaler::Scaler;
use super::{Ridge, RidgeError};

impl<D: Data<Elem = f64>, T: Data<Elem = f64>> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>, RidgeError>
    for RidgeValidParams
{
    type Object = Ridge;

    fn fit(&self, data: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>) -> Result<Ridge, RidgeError> {
        let (records, targets) = (data.records().view(), data.targets().view());
        check(records, targets)?;
        let scaler = Scaler::fit(records);
        let intercept = targets.sum() / targets.len() as f64;
        let z = Mat::from_fn(records.nrows(), records.ncols(), |row, at| scaler.scale(at, records[(row, at)]));
        let y = Mat::from_fn(targets.len(), 1, |row, _| targets[row] - intercept);
        let coefficients = solve(&z, &y, self.lambda)?;
        Ok(Ridge { intercept, coefficients, scaler })
    }
}

/// The β of `(Zᵀ Z + λ I) β = Zᵀ y`.
fn solve(z: &Mat<f64>, y: &Mat<f64>, lambda: f64) -> Result<Vec<f64>, RidgeError> {
    let mut gram = z.transpose() * z;
    for at in 0..gram.ncols() {
        gram[(at, at)] += lambda;
    }
    let factor = gram.llt(Side::Lower).map_err(|_| RidgeError::Singular)?;
    let solution = factor.solve(z.transpose() * y);
    let coefficients: Vec<f64> = solution.col(0).iter().copied().collect();
    if coefficients.iter().all(|beta| beta.is_finite()) { Ok(coefficients) } else { Err(RidgeError::Singular) }
}

fn check(records: ArrayView2<'_, f64>, targets: ArrayView1<'_, f64>) -> Result<(), RidgeError> {
    let (rows, features) = records.dim();
    if rows == 0 || features == 0 || targets.len() != rows {
        return Err(RidgeError::Shape { records: rows, features, targets: targets.len() });
    }
    let finite = |row: usize| targets[row].is_finite() && records.row(row).iter().all(|value| value.is_finite());
    match (0..rows).find(|row| !finite(*row)) {
        Some(row) => Err(RidgeError::NotFinite { row }),
        None => Ok(()),
    }
}
