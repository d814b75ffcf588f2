use std::collections::VecDeque;
use std::sync::Arc;

use tickmesh_proto::types::Timestamp;

use super::newest::Newest;
use super::piece::Piece;
use super::segment::Segment;
use super::{LogConfig, Position};

/// The visible events that can be read, in segments; and the newest event of each key.
#[derive(Debug)]
pub(crate) struct Window {
    /// Ascending and without holes; never empty. Only the last one grows.
    segments: VecDeque<Segment>,
    pub(crate) newest: Newest,
    bytes: u64,
    newest_receipt: Timestamp,
}

/// What the window has after a place.
pub(crate) enum Following {
    /// The event after it is in this piece.
    Piece(Arc<Piece>),
    /// Nothing: it is the newest place.
    Nothing,
    /// Events after it have been dropped.
    Dropped,
}

impl Window {
    /// An empty window at a place.
    pub(crate) fn new(base: Position) -> Self {
        Self {
            segments: VecDeque::from([Segment::new(base)]),
            newest: Newest::default(),
            bytes: 0,
            newest_receipt: Timestamp::MIN,
        }
    }

    /// The oldest place that can be gone on from.
    pub(crate) fn oldest(&self) -> Position {
        self.segments.front().expect("never empty").base()
    }

    /// The place of the newest event.
    pub(crate) fn head(&self) -> Position {
        self.segments.back().expect("never empty").end()
    }

    /// Begins a new segment.
    pub(crate) fn close_segment(&mut self) {
        let last = self.segments.back_mut().expect("never empty");
        last.close();
        let end = last.end();
        self.segments.push_back(Segment::new(end));
    }

    /// Adds the events that follow.
    pub(crate) fn push(&mut self, piece: Piece) {
        self.bytes += piece.size() as u64;
        self.newest_receipt = self.newest_receipt.max(piece.newest_receipt());
        self.newest.update(&piece);
        self.segments.back_mut().expect("never empty").push(piece);
    }

    /// Drops whole segments that the limits do not hold; says where each began.
    pub(crate) fn retain(&mut self, config: &LogConfig) -> Vec<Position> {
        let mut dropped = Vec::new();
        while self.segments.len() > 1 && self.may_drop_oldest(config) {
            let segment = self.segments.pop_front().expect("it has two");
            self.bytes -= segment.size();
            segment.pieces().iter().for_each(|piece| self.newest.rescue(piece));
            dropped.push(segment.base());
        }
        dropped
    }

    fn may_drop_oldest(&self, config: &LogConfig) -> bool {
        let oldest = self.segments.front().expect("never empty");
        let events = self.head().since(oldest.base());
        let over = events > config.max_events || self.bytes > config.max_bytes;
        let old = self.newest_receipt.since(oldest.newest_receipt()) > config.keep_for;
        over || (old && events - oldest.events() >= config.keep_events)
    }

    /// What follows a place.
    pub(crate) fn following(&self, position: Position) -> Following {
        if position < self.oldest() {
            return Following::Dropped;
        }
        let index = self.segments.partition_point(|segment| segment.end() <= position);
        let piece = self.segments.get(index).and_then(|segment| segment.piece_after(position));
        piece.map_or(Following::Nothing, |piece| Following::Piece(Arc::clone(piece)))
    }

    /// The places at which files begin.
    pub(crate) fn bases(&self) -> impl Iterator<Item = Position> {
        self.segments.iter().map(Segment::base)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::piece::{Parts, PieceBuilder};
    use super::*;

    /// A window of `segments` segments with `each` events of 10 bytes, one received each second.
    fn window(segments: u64, each: u64) -> Window {
        let mut window = Window::new(Position::START);
        for _ in 0..segments {
            for _ in 0..each {
                push(&mut window);
            }
            window.close_segment();
        }
        window
    }

    fn push(window: &mut Window) {
        let time = Timestamp::from_nanos(window.head().get() as i64 * 1_000_000_000);
        let mut piece = PieceBuilder::new(window.head(), 1, 10);
        piece.push(0, &Parts { event_time: time, receive_time: time, inner: None, body: b"12345678" });
        window.push(piece.build());
    }

    fn config(keep: u64, events: u64, max_events: u64, max_bytes: u64) -> LogConfig {
        let keep_for = Duration::from_secs(keep);
        LogConfig { keep_for, keep_events: events, max_events, max_bytes, ..LogConfig::default() }
    }

    #[test]
    fn what_was_received_lately_stays_however_much_it_is() {
        let mut window = window(10, 10);
        window.retain(&config(35, 0, 1_000, 100_000));
        assert_eq!(window.oldest().get(), 60);
    }

    #[test]
    fn old_events_stay_while_they_are_among_the_newest() {
        let mut window = window(10, 10);
        window.retain(&config(0, 45, 1_000, 100_000));
        assert_eq!(window.oldest().get(), 50);
    }

    #[test]
    fn the_caps_hold_against_everything() {
        let mut by_events = window(10, 10);
        by_events.retain(&config(1_000, 1_000, 72, 100_000));
        assert_eq!(by_events.oldest().get(), 30);
        let mut by_bytes = window(10, 10);
        by_bytes.retain(&config(1_000, 1_000, 1_000, 555));
        assert_eq!(by_bytes.oldest().get(), 50);
    }

    #[test]
    fn the_newest_event_of_a_key_outlives_its_segment() {
        let mut window = window(1, 1);
        let mut piece = PieceBuilder::new(window.head(), 1, 10);
        let time = Timestamp::from_nanos(5_000_000_000);
        piece.push(1, &Parts { event_time: time, receive_time: time, inner: None, body: b"b" });
        window.push(piece.build());
        window.retain(&config(0, 0, 1_000, 1_000));
        assert_eq!(window.oldest().get(), 1);
        assert_eq!(window.newest.position(0), Some(Position::new(1)));
        assert_eq!(window.newest.kept(0).unwrap().body, "12345678");
        assert!(window.newest.kept(1).is_none());
    }

    #[test]
    fn pieces_stay_few() {
        let mut window = window(0, 0);
        for n in 0..1_000 {
            push(&mut window);
            assert_eq!(window.head().get(), n + 1);
            assert!(window.segments[0].pieces().len() <= 11);
        }
        for position in 0..1_000 {
            let Following::Piece(piece) = window.following(Position::new(position)) else { panic!("an event follows") };
            assert!(piece.base().get() <= position && position < piece.end().get());
        }
        assert!(matches!(window.following(Position::new(1_000)), Following::Nothing));
    }
}
