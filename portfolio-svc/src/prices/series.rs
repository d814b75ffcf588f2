use tickmesh_proto::types::Timestamp;

use super::Day;

/// One adjusted close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Close {
    /// The market date.
    pub day: Day,
    /// When the session ended; known to nobody before.
    pub time: Timestamp,
    /// The adjusted closing price, in the instrument's currency, > 0.
    pub price: f64,
}

/// The adjusted closes of one instrument, one a day, in ascending order.
#[derive(Clone, Debug, Default)]
pub struct Series {
    closes: Vec<Close>,
}

impl Series {
    /// Adds a close, or replaces the one of the same day; says whether its day is new.
    ///
    /// A close at the end costs O(1); one in between moves those after it.
    pub fn put(&mut self, close: Close) -> bool {
        let found = self.closes.binary_search_by_key(&close.day, |c| c.day);
        match found {
            Ok(at) => self.closes[at] = close,
            Err(at) => self.closes.insert(at, close),
        }
        found.is_err()
    }

    /// How many closes there are.
    pub fn len(&self) -> usize {
        self.closes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.closes.is_empty()
    }

    /// Drops the oldest closes so that at most `most` are left.
    pub fn keep_newest(&mut self, most: usize) {
        self.closes.drain(..self.closes.len().saturating_sub(most));
    }

    /// The closes known at `as_of`, in ascending order.
    pub fn until(&self, as_of: Timestamp) -> &[Close] {
        &self.closes[..self.closes.partition_point(|c| c.time <= as_of)]
    }

    /// The newest close.
    pub fn newest(&self) -> Option<&Close> {
        self.closes.last()
    }

    /// The close of one day.
    pub fn on(&self, day: Day) -> Option<&Close> {
        self.closes.binary_search_by_key(&day, |c| c.day).ok().map(|at| &self.closes[at])
    }
}

impl FromIterator<Close> for Series {
    fn from_iter<I: IntoIterator<Item = Close>>(closes: I) -> Self {
        let mut series = Self::default();
        for close in closes {
            series.put(close);
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(day: i64, price: f64) -> Close {
        let open = Timestamp::from_nanos(day * 86_400_000_000_000);
        Close { day: Day::of_open(open), time: Timestamp::from_nanos(open.nanos() + 1), price }
    }

    #[test]
    fn holds_one_close_a_day_in_order_whatever_order_they_come_in() {
        let series: Series = [close(3, 3.0), close(1, 1.0), close(2, 2.0), close(3, 3.5)].into_iter().collect();
        let prices: Vec<f64> = series.until(Timestamp::MAX).iter().map(|c| c.price).collect();
        assert_eq!(prices, [1.0, 2.0, 3.5]);
        assert_eq!(series.on(close(2, 0.0).day).unwrap().price, 2.0);
    }

    #[test]
    fn shows_no_close_before_its_session_has_ended() {
        let series: Series = [close(1, 1.0), close(2, 2.0)].into_iter().collect();
        let before = Timestamp::from_nanos(close(2, 0.0).time.nanos() - 1);
        assert_eq!(series.until(before).len(), 1);
        assert_eq!(series.until(close(2, 0.0).time).len(), 2);
    }

    #[test]
    fn forgets_the_oldest_first() {
        let mut series: Series = (1..=5).map(|d| close(d, d as f64)).collect();
        series.keep_newest(2);
        assert_eq!(series.until(Timestamp::MAX)[0].price, 4.0);
    }
}
