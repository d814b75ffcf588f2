//! What a forest costs: to fit, to ask for one forecast, and to explain it.
//!
//! `cargo bench -p model-svc --profile dist`. One thread, made-up data of the shape of five years of daily bars (and
//! ten times as many rows): the cost of a fit grows with rows × features tried × levels × trees, and for few rows with
//! the number of nodes, each of which looks at 255 bins a feature. A forecast costs trees × levels, whatever the data.

use criterion::{Criterion, criterion_group, criterion_main};
use linfa::Dataset;
use linfa::traits::Fit;
use model_svc::features::WIDTH;
use model_svc::forest::{Forest, ForestParams};
use ndarray::{Array1, Array2, Ix1};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Rows with a little signal in the first two columns.
fn made_up(rows: usize) -> Dataset<f64, f64, Ix1> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut uniform = || random.next_u64() as f64 / u64::MAX as f64;
    let x = Array2::from_shape_simple_fn((rows, WIDTH), &mut uniform);
    let y: Array1<f64> = x.rows().into_iter().map(|row| row[0] * row[1] + uniform()).collect();
    Dataset::new(x, y)
}

fn fitted(data: &Dataset<f64, f64, Ix1>) -> Forest {
    ForestParams::default().fit(data).expect("the data is finite")
}

fn forest(criterion: &mut Criterion) {
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    let mut group = criterion.benchmark_group("forest");
    group.sample_size(10);
    for rows in [1_260, 12_600] {
        let data = made_up(rows);
        group.bench_function(format!("fit {rows} rows"), |bench| bench.iter(|| one_thread.install(|| fitted(&data))));
    }
    let data = made_up(1_260);
    let (model, row) = (fitted(&data), data.records().row(0).to_vec());
    group.bench_function("predict one row", |bench| bench.iter(|| model.predict_row(&row)));
    group.bench_function("explain one row", |bench| bench.iter(|| model.contributions(&row)));
    group.finish();
}

criterion_group!(benches, forest);
criterion_main!(benches);
