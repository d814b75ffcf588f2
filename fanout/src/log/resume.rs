use super::{Log, Position};
use crate::cursor::Cursor;

/// Why the events after a cursor cannot be had without a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LostReason {
    /// An event after it has left the window.
    Expired,
    /// The log is another one.
    Epoch,
    /// A power cut took events that the cursor covers; their positions are used again.
    Truncated,
}

impl LostReason {
    /// The reason as clients see it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "CURSOR_EXPIRED",
            Self::Epoch => "EPOCH_CHANGED",
            Self::Truncated => "LOG_TRUNCATED",
        }
    }
}

/// A cursor cannot be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) reason: LostReason,
    /// The oldest place that can be resumed after.
    pub(crate) oldest: Position,
}

impl Log {
    /// The place to go on after, if everything after the cursor is there.
    pub(crate) fn resume(&self, cursor: Cursor) -> Result<Position, Lost> {
        let Cursor { epoch, generation, position } = cursor;
        let identity = &self.shared.identity;
        let oldest = self.oldest();
        let lost = |reason| Err(Lost { reason, oldest });
        if epoch != identity.epoch {
            return lost(LostReason::Epoch);
        }
        match identity.reach(generation, self.head()) {
            None => lost(LostReason::Expired),
            Some(reach) if position > reach => lost(LostReason::Truncated),
            Some(_) if position < oldest => lost(LostReason::Expired),
            Some(_) => Ok(position),
        }
    }
}
