use std::fmt;

/// A place in the log: the number of events that lie at or before it.
///
/// The first event has position 1; position 0 is before every event. Positions are dense and outlive the events that
/// retention drops. Only events that a power cut took are followed by others at the same positions, and cursors know.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(u64);

impl Position {
    /// Before every event.
    pub const START: Self = Self(0);

    /// The place after `events` events.
    pub const fn new(events: u64) -> Self {
        Self(events)
    }

    /// The number of events at or before this place.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place `events` further on.
    #[must_use]
    pub const fn plus(self, events: u64) -> Self {
        Self(self.0.saturating_add(events))
    }

    /// The place one event earlier.
    #[must_use]
    pub(crate) const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// How many events lie after `earlier` and at or before this; zero if it is not earlier.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
