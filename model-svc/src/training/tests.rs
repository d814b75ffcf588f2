use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use tickmesh_proto::types::Symbol;

use super::*;
use crate::calibration::{Pair, SymbolFit};
use crate::family::{FitError, ForestSpec, RidgeSpec};
use crate::features::FeatureSet;
use crate::history::DailyBar;
use crate::testing;

fn small(trees: usize) -> Order {
    let spec = ForestSpec { trees, depth: 4, ..ForestSpec::default() };
    Order { spec: Spec::Forest(spec), folds: 3, ..Order::default() }
}

fn subjects(count: u64, bars: usize) -> Vec<(Symbol, Vec<DailyBar>)> {
    (0..count).map(|i| (testing::symbol(&format!("S{i}")), testing::walk(i, bars))).collect()
}

fn train(order: Order, histories: Vec<(Symbol, Vec<DailyBar>)>) -> Vec<Trained> {
    let (plan, skipped) = Plan::new(order, histories);
    assert_eq!(skipped, []);
    let done = plan.units().into_iter().map(|unit| plan.run(unit, &|| false).unwrap()).collect();
    plan.finish(done, &[], &|_| 1).0
}

#[test]
fn a_model_is_trained_for_each_symbol_with_its_figures() {
    let trained = train(small(20), subjects(2, 600));
    assert_eq!(trained.len(), 2);
    let Trained { facts, train_end, .. } = &trained[0];
    assert_eq!(*train_end, testing::day(599));
    assert_eq!(facts.rows as usize, 600 - (FeatureSet::standard().warm_up() - 1) - 1);
    assert_eq!(facts.evaluation.rows as usize, facts.residuals.len());
    assert!(facts.evaluation.coverage.is_some_and(|coverage| (coverage - 0.9).abs() < 0.06));
    assert_eq!((facts.evaluation.trials, facts.evaluation.folds), (1, 2), "the first of three only calibrates");
}

#[test]
fn units_may_finish_in_any_order() {
    let (plan, _) = Plan::new(small(8), subjects(2, 500));
    let run = |units: Vec<Unit>| units.into_iter().map(|unit| plan.run(unit, &|| false).unwrap()).collect();
    let mut backwards = plan.units();
    backwards.reverse();
    let (forth, back) = (plan.finish(run(plan.units()), &[], &|_| 1).0, plan.finish(run(backwards), &[], &|_| 1).0);
    for (one, other) in forth.iter().zip(&back) {
        assert_eq!(one.facts, other.facts);
        assert_eq!(one.fitted, other.fitted);
    }
}

#[test]
fn models_of_other_symbols_share_in_the_slope() {
    let (plan, _) = Plan::new(small(8), subjects(1, 500));
    let done: Vec<Done> = plan.units().into_iter().map(|unit| plan.run(unit, &|| false).unwrap()).collect();
    let pair = |t: i32| {
        let raw = f64::from(t % 9 - 4) * 0.01;
        Pair { time: testing::day(t.into()), raw, outcome: 0.5 * raw, sigma: 0.01, close: 1.0 }
    };
    let peer = SymbolFit::of(&(0..9_000).map(pair).collect::<Vec<_>>()).unwrap();
    let calibration = |peers: &[SymbolFit]| plan.finish(done.clone(), peers, &|_| 1).0.remove(0).facts.calibration;
    let (alone, together) = (calibration(&[]), calibration(&[peer]));
    assert!((together.slope - 0.5).abs() < 0.05, "a peer of much evidence: {together:?}");
    assert!((alone.slope - together.slope).abs() > 0.05, "{alone:?}");
    assert_eq!(together.centre, alone.centre, "the centre is the symbol's own");
}

#[test]
fn ridge_is_a_family_too_and_its_own_rival() {
    let order = Order { spec: Spec::Ridge(RidgeSpec::default()), ..small(1) };
    let facts = train(order, subjects(1, 500)).remove(0).facts;
    assert_eq!(facts.evaluation.mse, facts.evaluation.mse_ridge);
    assert_eq!(facts.params["penalty"], "1");
}

#[test]
fn a_training_can_be_cancelled_between_two_trees() {
    let (plan, _) = Plan::new(small(200), subjects(1, 500));
    let asked = AtomicUsize::new(0);
    let stopped = || asked.fetch_add(1, Ordering::Relaxed) >= 3;
    assert!(matches!(plan.run(plan.units()[0], &stopped), Err(FitError::Cancelled)));
    assert!(asked.into_inner() < 20);
}

#[test]
fn too_few_rows_are_named() {
    let (plan, skipped) = Plan::new(small(1), subjects(1, 200));
    let rows = 200 - (FeatureSet::standard().warm_up() - 1) - 1;
    assert_eq!(skipped, [(testing::symbol("S0"), Skip::TooFewRows { rows })]);
    assert_eq!(plan.units(), []);
}

/// Twenty walks with shuffled labels: the mean skill is within three errors of none. The same forest does find a
/// planted signal, so that the test can fail.
#[test]
fn shuffled_labels_give_no_skill() {
    let coefficient = |seed: u64, planted: f64| {
        let (mut plan, _) = Plan::new(small(12), vec![(testing::symbol("A"), testing::walk(seed, 520))]);
        plan.relabel(&mut Xoshiro256PlusPlus::seed_from_u64(seed), planted);
        let done = plan.units().into_iter().map(|unit| plan.run(unit, &|| false).unwrap()).collect();
        let evaluation = plan.finish(done, &[], &|_| 1).0.remove(0).facts.evaluation;
        evaluation.rank_information_coefficient.unwrap_or(0.0)
    };
    let over_seeds = |planted: f64| {
        let all: Vec<f64> = (0..20).map(|seed| coefficient(seed, planted)).collect();
        let mean = tickmesh_stats::mean(all.iter().copied()).unwrap();
        (mean, tickmesh_stats::newey_west(&all, 0).unwrap())
    };
    let (mean, error) = over_seeds(0.0);
    assert!(mean.abs() < 3.0 * error, "{mean} ± {error}");
    let (mean, error) = over_seeds(1.0);
    assert!(mean > 5.0 * error, "{mean} ± {error}");
}

impl Plan {
    /// Shuffles the labels and adds `planted` times a function of the first feature.
    fn relabel(&mut self, random: &mut Xoshiro256PlusPlus, planted: f64) {
        self.edit(|samples| {
            let mut labels: Vec<f64> = samples.iter().map(|sample| sample.label).collect();
            labels.shuffle(random);
            for (sample, label) in samples.iter_mut().zip(labels) {
                sample.label = label + planted * sample.row.as_slice()[0];
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    /// A price history scaled by a constant trains the same model.
    #[test]
    fn the_level_of_prices_does_not_matter(power in -3i32..4) {
        let scale = 2f64.powi(power);
        let bars = testing::walk(5, 420);
        let mut scaled = bars.clone();
        for bar in &mut scaled {
            let p = &mut bar.adjusted;
            [&mut p.open, &mut p.high, &mut p.low, &mut p.close].into_iter().for_each(|price| *price *= scale);
        }
        let fitted = |bars| train(small(4), vec![(testing::symbol("A"), bars)]).remove(0).fitted;
        prop_assert_eq!(fitted(bars), fitted(scaled));
    }
}
