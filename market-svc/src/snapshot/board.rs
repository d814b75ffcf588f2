use std::collections::BTreeMap;
use std::ops::Bound;

use tickmesh_fanout::log::Position;
use tickmesh_proto::types::{Calendar, Symbol, TimeFrame, Timestamp};

use super::{RunningIndicators, Snapshot, is_stale};
use crate::bar::{Bar, Candle, Series};
use crate::event::{Event, Quote, Trade, What};

/// The newest state of every instrument that has had an event.
#[derive(Clone, Debug, Default)]
pub struct Board(BTreeMap<Symbol, Entry>);

/// The newest state of one instrument. Daily bars must come in order of time.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    trade: Option<(Trade, Timestamp)>,
    quote: Option<(Quote, Timestamp)>,
    day: Option<Candle>,
    /// The log's places of the last trade, quote and daily bar: where each can be read that has not been imported.
    places: [Position; 3],
    previous_close: Option<f64>,
    daily_bars: u64,
    indicators: RunningIndicators,
}

impl Board {
    /// Takes the next event, which stands in the log at `place` or before. Bars shorter than a day leave no trace here.
    pub fn apply(&mut self, event: &Event, place: Position) {
        let entry = self.entry(&event.symbol);
        let [trade_place, quote_place, day_place] = &mut entry.places;
        match &event.what {
            What::Trade(trade) => (entry.trade, *trade_place) = (Some((*trade, event.time)), place),
            What::Quote(quote) => (entry.quote, *quote_place) = (Some((*quote, event.time)), place),
            What::Bar(bar) if bar.series.time_frame == TimeFrame::D1 => {
                *day_place = place;
                entry.close(&bar.candle);
            }
            What::Bar(_) => {}
        }
    }

    /// The state of one instrument, made when it is not there yet.
    pub fn entry(&mut self, symbol: &Symbol) -> &mut Entry {
        self.0.entry(symbol.clone()).or_default()
    }

    /// The state of one instrument, if it has had an event.
    pub fn get(&self, symbol: &str) -> Option<&Entry> {
        self.0.get(symbol)
    }

    /// The states of the symbols after `symbol`, of all for `None`, in their order.
    pub fn after(&self, symbol: Option<&Symbol>) -> impl Iterator<Item = (&Symbol, &Entry)> {
        self.0.range::<Symbol, _>((symbol.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
    }
}

impl Entry {
    /// Takes the next daily bar.
    pub fn close(&mut self, candle: &Candle) {
        self.previous_close = self.day.map(|day| day.close);
        self.day = Some(*candle);
        self.daily_bars += 1;
        self.indicators.update(candle.adjusted_close());
    }

    /// Takes over what another entry has seen of daily bars, and keeps the last trade and quote.
    pub fn refold(&mut self, folded: Self) {
        *self = Self { trade: self.trade, quote: self.quote, places: self.places, ..folded };
    }

    /// The events that it is made of, but for those that came after `place`: daily bar, quote and trade.
    pub fn events(&self, symbol: &Symbol, place: Position) -> impl Iterator<Item = Event> {
        let at = |time, what| Event { symbol: symbol.clone(), time, what };
        let series = || Series { symbol: symbol.clone(), time_frame: TimeFrame::D1 };
        let trade = self.trade.map(|(trade, time)| at(time, What::Trade(trade)));
        let quote = self.quote.map(|(quote, time)| at(time, What::Quote(quote)));
        let day = self.day.map(|candle| Event::closed(Bar { series: series(), candle }));
        let [trade_place, quote_place, day_place] = self.places;
        let events = [(day, day_place), (quote, quote_place), (trade, trade_place)];
        events.into_iter().filter(move |(_, at)| *at <= place).filter_map(|(event, _)| event)
    }

    /// How many daily bars it has seen.
    pub fn daily_bars(&self) -> u64 {
        self.daily_bars
    }

    /// The state at `now` on the market clock; `None` before the first price.
    pub fn snapshot(&self, symbol: &Symbol, calendar: Calendar, now: Timestamp) -> Option<Snapshot> {
        let close = self.day.map(|day| (day.close, day.close_time, TimeFrame::D1));
        let trade = self.trade.map(|(trade, time)| (trade.price, time, TimeFrame::M1));
        let (last_price, priced, _) = trade.or(close)?;
        let quoted = self.quote.map(|(_, time)| (time, TimeFrame::M1));
        let newest = [close.map(|(_, time, frame)| (time, frame)), trade.map(|(_, t, f)| (t, f)), quoted];
        let (event_time, frame) = newest.into_iter().flatten().max().unwrap_or((priced, TimeFrame::M1));
        let factor = self.day.and_then(|day| day.adjustment_factor).unwrap_or(1.0);
        Some(Snapshot {
            symbol: symbol.clone(),
            last_price,
            last_trade: self.trade.map(|(trade, _)| trade),
            quote: self.quote.map(|(quote, _)| quote),
            day_bar: self.day,
            previous_close: self.previous_close,
            indicators: self.indicators.read(factor),
            event_time,
            age: now.since(event_time),
            stale: is_stale(event_time, now, frame, calendar),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bar::Draft;
    use crate::bar::tests::candle;
    use crate::event::Level;

    const DAY: i64 = 86_400_000_000_000;

    fn apple() -> Symbol {
        Symbol::try_from("AAPL").unwrap()
    }

    fn closed(candle: Candle) -> Event {
        Event::closed(Bar { series: Series { symbol: apple(), time_frame: TimeFrame::D1 }, candle })
    }

    fn snapshot(board: &Board, now: i64) -> Option<Snapshot> {
        board.get("AAPL")?.snapshot(&apple(), Calendar::Always, Timestamp::from_nanos(now))
    }

    #[test]
    fn bars_give_price_change_and_age() {
        let mut board = Board::default();
        assert_eq!(snapshot(&board, 0), None);
        for (n, close) in [100.0, 110.0].into_iter().enumerate() {
            board.apply(&closed(candle(n as i64 * DAY, DAY, close)), Position::START);
        }
        let seen = snapshot(&board, 3 * DAY).unwrap();
        assert_eq!((seen.last_price, seen.previous_close), (110.0, Some(100.0)));
        assert!((seen.day_change().unwrap() - 0.1).abs() < 1e-15);
        assert_eq!((seen.event_time.nanos(), seen.age.as_secs(), seen.stale), (2 * DAY, 86_400, false));
        assert!(snapshot(&board, 6 * DAY).unwrap().stale);
    }

    #[test]
    fn a_trade_is_newer_than_the_close() {
        let mut board = Board::default();
        board.apply(&closed(candle(0, DAY, 100.0)), Position::START);
        let level = |price| Some(Level { price, size: 1.0 });
        let quote = Quote { bid: level(104.0), ask: level(106.0) };
        let at = |time, what| Event { symbol: apple(), time: Timestamp::from_nanos(time), what };
        board.apply(&at(DAY + 5, What::Trade(Trade { price: 105.0, size: 1.0 })), Position::START);
        board.apply(&at(DAY + 7, What::Quote(quote)), Position::START);
        let seen = snapshot(&board, DAY + 9).unwrap();
        assert_eq!((seen.last_price, seen.quote, seen.event_time.nanos()), (105.0, Some(quote), DAY + 7));
    }

    #[test]
    fn a_split_does_not_move_the_averages() {
        let mut board = Board::default();
        let before = Draft { adjustment_factor: Some(0.25), ..*candle(0, DAY, 400.0) };
        for n in 0..20 {
            let open_time = Timestamp::from_nanos(n * DAY);
            let close_time = open_time.plus(std::time::Duration::from_secs(60));
            let draft = if n < 10 { before } else { *candle(0, DAY, 100.0) };
            board.apply(&closed(Draft { open_time, close_time, ..draft }.check().unwrap()), Position::START);
        }
        assert_eq!(snapshot(&board, 0).unwrap().indicators.sma_20, Some(100.0));
    }
}
