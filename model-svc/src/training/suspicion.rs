//! A feature that predicts too well is a leak until proven otherwise.

use tickmesh_stats::rank_information_coefficient;

use crate::dataset::Dataset;
use crate::features::FeatureSet;

/// Rank correlation with the next return beyond which nothing honest is found on daily bars.
const MAX_RANK_IC: f64 = 0.2;
/// Errors by which it must exceed zero to be no accident.
const MAX_T: f64 = 5.0;

/// The first feature whose rank correlation with the label is too good to be true, by name.
pub(super) fn suspect(set: &FeatureSet, data: &Dataset) -> Option<&'static str> {
    let labels: Vec<f64> = data.samples.iter().map(|sample| sample.label).collect();
    let suspicious = |feature: usize| {
        let values: Vec<f64> = data.samples.iter().map(|sample| sample.row.as_slice()[feature]).collect();
        rank_information_coefficient(&values, &labels)
            .is_some_and(|ic| ic.value.abs() > MAX_RANK_IC && ic.value.abs() > MAX_T * ic.error)
    };
    set.names().enumerate().find(|(feature, _)| suspicious(*feature)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_feature_that_knows_tomorrow_is_refused_by_name() {
        let set = FeatureSet::standard();
        let bars = testing::walk(11, 700);
        let mut data = Dataset::new(testing::symbol("A"), &set, &bars, 1);
        assert_eq!(suspect(&set, &data), None);
        // Each row is given the features of the day after, of which the first is the return that it should forecast.
        let tomorrow: Vec<_> = data.samples.iter().skip(1).map(|sample| sample.row).collect();
        data.samples.iter_mut().zip(tomorrow).for_each(|(sample, row)| sample.row = row);
        assert_eq!(suspect(&set, &data), set.names().next());
    }
}
