//! Bars for tests: a seeded random walk, and the real bars that ship with the repository.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tickmesh_proto::types::{Symbol, Timestamp};

use crate::family::{ForestSpec, Spec};
use crate::history::{DailyBar, History, RawPrices};
use crate::live::{Install, LiveBar, Reign};
use crate::training::{Order, Plan, Trained};
use crate::version::{Version, VersionName};

const DAY: i64 = 86_400_000_000_000;

pub(crate) fn symbol(text: &str) -> Symbol {
    Symbol::try_from(text).unwrap()
}

pub(crate) fn day(number: i64) -> Timestamp {
    Timestamp::from_nanos(number * DAY)
}

/// A random walk of 1.5 % a day.
pub(crate) fn walk(seed: u64, bars: usize) -> Vec<DailyBar> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut close = 100.0;
    (0..bars)
        .map(|at| {
            let open = close;
            let noise: f64 = (0..12).map(|_| random.r#gen::<f64>()).sum::<f64>() - 6.0;
            close *= 1.0 + 0.015 * noise;
            let raw = RawPrices { open, high: open.max(close) * 1.003, low: open.min(close) * 0.997, close };
            DailyBar::new(day(at as i64), raw, 1e6 * (1.0 + random.r#gen::<f64>()), None)
        })
        .collect()
}

/// The bundled bars: six US stocks, 2013 to 2023. A bar closes at 21:00 UTC of its date here.
pub(crate) fn bundled() -> BTreeMap<Symbol, History> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/demo_daily_adjusted.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut histories = BTreeMap::<Symbol, History>::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        histories.entry(symbol(fields[0])).or_default().push(parse(&fields));
    }
    histories
}

fn parse(fields: &[&str]) -> DailyBar {
    let date: jiff::civil::Date = fields[1].parse().unwrap();
    let days = date.since(jiff::civil::Date::constant(1970, 1, 1)).unwrap().get_days();
    let number = |at: usize| fields[at].parse::<f64>().unwrap();
    let (close, adjusted) = (number(5), number(6));
    let raw = RawPrices { open: number(2), high: number(3), low: number(4), close };
    let time = Timestamp::from_nanos(i64::from(days) * DAY + 21 * 3_600_000_000_000);
    DailyBar::new(time, raw, number(7), Some(adjusted / close))
}

pub(crate) fn date(text: &str) -> Timestamp {
    let date: jiff::civil::Date = text.parse().unwrap();
    let days = date.since(jiff::civil::Date::constant(1970, 1, 1)).unwrap().get_days();
    Timestamp::from_nanos(i64::from(days) * DAY)
}

/// A trained model as the champion from the end of its training on.
pub(crate) fn install(trained: Trained, number: u32) -> Install {
    let Trained { symbol, fitted, train_start, train_end, facts } = trained;
    let name = VersionName { symbol, number };
    let version = Version { name, fitted, create_time: Timestamp::MIN, train_start, train_end, facts };
    Install { version: Arc::new(version), reign: Reign { version: number, after: train_end } }
}

/// All bars of all symbols in the order of the market's stream.
pub(crate) fn stream(histories: &BTreeMap<Symbol, History>) -> Vec<LiveBar> {
    let of = |(symbol, history): (&Symbol, &History)| {
        let bars = history.bars().iter().map(|bar| LiveBar { symbol: symbol.clone(), bar: *bar });
        bars.collect::<Vec<_>>()
    };
    let mut bars: Vec<LiveBar> = histories.iter().flat_map(of).collect();
    bars.sort_by(|a, b| (a.bar.time(), &a.symbol).cmp(&(b.bar.time(), &b.symbol)));
    bars
}

/// Two synthetic symbols, S0 and S1, of 560 bars each, and models trained on the first 450 of them.
pub(crate) fn trained() -> (BTreeMap<Symbol, History>, Vec<Trained>) {
    let histories: BTreeMap<Symbol, History> =
        (0..2).map(|i| (symbol(&format!("S{i}")), walk(i, 560).into_iter().collect())).collect();
    let spec = Spec::Forest(ForestSpec { trees: 5, depth: 4, ..ForestSpec::default() });
    let past = histories.iter().map(|(symbol, bars)| (symbol.clone(), bars.bars()[..450].to_vec()));
    let (plan, _) = Plan::new(Order { spec, folds: 3, ..Order::default() }, past.collect());
    let done = plan.units().into_iter().map(|unit| plan.run(unit, &|| false).unwrap()).collect();
    (histories, plan.finish(done, &[], &|_| 1).0)
}

/// The same with the models as champions.
pub(crate) fn small() -> (BTreeMap<Symbol, History>, Vec<Install>) {
    let (histories, trained) = trained();
    (histories, trained.into_iter().map(|trained| install(trained, 1)).collect())
}
