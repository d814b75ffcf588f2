use std::sync::Arc;

use jiff::civil::Date;
use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use tickmesh_mesh::readiness::Latch;
use tickmesh_proto::types::{Calendar, Session, Symbol, TimeFrame, Timestamp};

use super::{Desk, Gated, Pace, data};
use crate::bar::{Bar, Draft, Series};
use crate::config::Synthetic;
use crate::error::Error;
use crate::event::{Event, Level, Quote, Trade, What};
use crate::market::FeedState;
use crate::store::Mark;

/// The date of the first session of history.
const EPOCH: Date = Date::constant(2020, 1, 2);
/// Standard deviation of a session's log return.
const SIGMA: f64 = 0.015;
/// Half of the distance between bid and ask, as a fraction of the price.
const HALF_SPREAD: f64 = 0.0002;
const FIRST_PRICE: f64 = 100.0;

/// A seeded geometric random walk of any number of symbols: trades and quotes through each session, then its bar.
///
/// Within a session the log price takes `ticks` steps of a normal distribution with variance `SIGMA² / ticks`. A
/// session depends on (seed, symbol, session) and the close before it alone, so the same seed gives the same events.
pub struct Walk {
    /// How many symbols and ticks, and the seed.
    pub shape: Synthetic,
    /// Sessions a second.
    pub speed: f64,
}

/// One symbol on its way.
#[derive(Clone)]
struct Path {
    symbol: Symbol,
    number: u64,
    close: f64,
}

/// What happens to one symbol in one session.
struct Day {
    events: Vec<Event>,
    bar: Bar,
}

impl Walk {
    pub(super) async fn run(self, desk: Desk, latch: Latch, gate: Gated) -> Result<(), Error> {
        desk.market.recover().await?;
        // A crash may have left a part of the history: it counts when all of it is there.
        let imported = desk.market.mark(Mark::HistoryImported).await?.is_some();
        let clock = desk.market.now().filter(|_| imported);
        let Self { shape, speed } = self;
        let Some((paths, mut sessions, bars)) = desk.compute(move || history(shape, clock)).await? else {
            return Ok(());
        };
        if !imported {
            data::import(&desk.market, &bars, "synthetic", shape.seed.to_string(), &latch).await?;
        }
        drop(bars);
        desk.loaded(latch);
        if !desk.opened(gate).await {
            return Ok(());
        }
        desk.market.describe_feed(|feed| feed.state = FeedState::Live);
        let mut pace = Pace::new(speed);
        let mut paths: Arc<[Path]> = paths.into();
        while pace.next(&desk.stop).await {
            let Some((number, session)) = sessions.next() else { break };
            let day = move || play(&paths, shape, number, session);
            let Some((moved, events)) = desk.compute(day).await? else { return Ok(()) };
            paths = moved;
            if !desk.publish(events).await {
                return Ok(());
            }
        }
        desk.stop.cancelled().await;
        Ok(())
    }
}

/// The sessions of New York from [`EPOCH`] on, numbered from 0.
fn sessions() -> impl Iterator<Item = (u64, Session)> + Send {
    let dates = std::iter::successors(Some(EPOCH), |date| date.tomorrow().ok());
    let hours = dates.filter(|date| Calendar::NewYork.trades_on(*date)).map_while(|d| Calendar::NewYork.hours(d));
    (0..).zip(hours)
}

/// Walks to the clock, or through the sessions of history if there is no clock yet: the symbols where they are then,
/// the sessions that follow, and the bars passed.
fn history(
    shape: Synthetic,
    clock: Option<Timestamp>,
) -> (Vec<Path>, std::iter::Peekable<impl Iterator<Item = (u64, Session)> + Send>, Vec<Bar>) {
    let mut paths: Vec<_> = (0..shape.symbols).map(Path::new).collect();
    let mut sessions = sessions().peekable();
    let mut bars = Vec::new();
    let past = |(number, session): &(u64, Session)| match clock {
        Some(clock) => session.close <= clock,
        None => *number < u64::from(shape.history),
    };
    while let Some((number, session)) = sessions.next_if(past) {
        for path in &mut paths {
            let day = path.walk(shape, number, session);
            if clock.is_none() {
                bars.push(day.bar);
            }
        }
    }
    (paths, sessions, bars)
}

/// Where the symbols are after one session, and the session in order of time; the bars come last.
fn play(paths: &[Path], shape: Synthetic, number: u64, session: Session) -> (Arc<[Path]>, Vec<Event>) {
    let mut paths = paths.to_vec();
    let days: Vec<_> = paths.iter_mut().map(|path| path.walk(shape, number, session)).collect();
    let (ticks, bars): (Vec<_>, Vec<_>) = days.into_iter().map(|day| (day.events, day.bar)).unzip();
    let mut events: Vec<_> = ticks.into_iter().flatten().collect();
    events.sort_by_key(|event| event.time);
    events.extend(bars.into_iter().map(Event::closed));
    (paths.into(), events)
}

impl Path {
    fn new(index: u32) -> Self {
        let symbol = Symbol::try_from(format!("SYN{:04}", index + 1)).expect("letters and digits");
        Self { symbol, number: u64::from(index), close: FIRST_PRICE }
    }

    fn walk(&mut self, shape: Synthetic, number: u64, session: Session) -> Day {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(mix(shape.seed, self.number, number));
        let steps = shape.ticks;
        let sigma = SIGMA / f64::from(steps).sqrt();
        let length = session.close.since(session.open);
        let (open, mut price, mut volume) = (self.close, self.close, 0.0);
        let (mut high, mut low) = (open, open);
        let mut events = Vec::with_capacity(2 * steps as usize);
        for step in 0..steps {
            price *= (sigma * normal(&mut random)).exp();
            (high, low) = (high.max(price), low.min(price));
            let size = f64::from(random.gen_range(1..=500_u32));
            volume += size;
            let time = session.open.plus(length * step / steps);
            let at = |what| Event { symbol: self.symbol.clone(), time, what };
            let level = |price| Some(Level { price, size });
            let quote = Quote { bid: level(price * (1.0 - HALF_SPREAD)), ask: level(price * (1.0 + HALF_SPREAD)) };
            events.push(at(What::Quote(quote)));
            events.push(at(What::Trade(Trade { price, size })));
        }
        self.close = price;
        Day { events, bar: self.bar(session, [open, high, low, price], volume, steps) }
    }

    fn bar(&self, session: Session, [open, high, low, close]: [f64; 4], volume: f64, trades: u32) -> Bar {
        let draft = Draft {
            open_time: session.open,
            close_time: session.close,
            open,
            high,
            low,
            close,
            volume,
            vwap: None,
            trade_count: Some(u64::from(trades)),
            adjustment_factor: None,
        };
        let candle = draft.check().expect("a walk of positive prices keeps every rule");
        Bar { series: Series { symbol: self.symbol.clone(), time_frame: TimeFrame::D1 }, candle }
    }
}

/// One seed of three numbers, by the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(seed: u64, symbol: u64, session: u64) -> u64 {
    [symbol, session].into_iter().fold(seed, |state, next| {
        let mut z = state.wrapping_add(next).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// A standard normal number (Box and Muller 1958).
fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    let (u, v): (f64, f64) = (1.0 - random.r#gen::<f64>(), random.r#gen());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_events_and_goes_on_where_the_clock_stands() {
        let shape = Synthetic { symbols: 3, ticks: 5, history: 4, seed: 7 };
        let (paths, mut rest, bars) = history(shape, None);
        assert_eq!(bars.len(), 12);
        let (number, session) = rest.next().unwrap();
        let (_, live) = play(&paths, shape, number, session);
        assert_eq!(live.len(), 3 * 2 * 5 + 3);
        assert!(live.is_sorted_by_key(|event| event.time));

        let clock = bars.last().map(|bar| bar.candle.close_time);
        let (again, mut after, none) = history(shape, clock);
        assert!(none.is_empty());
        let (number, session) = after.next().unwrap();
        assert_eq!(play(&again, shape, number, session).1, live);
    }
}
