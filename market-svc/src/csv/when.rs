use jiff::civil::Date;
use tickmesh_proto::types::{Calendar, Session, TimeFrame, Timestamp};

/// What a row says about its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    /// The date of a session.
    Session(Date),
    /// The moment at which the bar opens.
    Opens(Timestamp),
}

/// What a time must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhenRule {
    /// Of a daily bar.
    #[error("must be an ISO date such as 2021-03-12, or an RFC 3339 moment with an offset")]
    Date,
    /// Of a shorter bar.
    #[error("must be an RFC 3339 moment with an offset, such as 2021-03-12T14:30:00Z")]
    Moment,
    /// Within what 64-bit nanoseconds can hold.
    #[error("must lie between the years 1678 and 2261")]
    Range,
}

const DATE_LENGTH: usize = "2021-03-12".len();

impl When {
    /// The date of a daily bar's session as it is written, whatever the offset beside it; the open of a shorter bar.
    pub(super) fn parse(text: &str, time_frame: TimeFrame) -> Result<Self, WhenRule> {
        if time_frame != TimeFrame::D1 {
            return moment(text).map(Self::Opens).ok_or(WhenRule::Moment);
        }
        let date = text.get(..DATE_LENGTH).and_then(|date| date.parse().ok()).map(Self::Session);
        let complete = text.len() == DATE_LENGTH || moment(text).is_some();
        date.filter(|_| complete).ok_or(WhenRule::Date)
    }

    /// When a bar opens and closes; `None` outside the range of time.
    pub(super) fn span(self, time_frame: TimeFrame, calendar: Calendar) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Session(date) => calendar.hours(date).map(|Session { open, close }| (open, close)),
            Self::Opens(time) => Some((time, time.plus(time_frame.duration()))),
        }
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanos)
}
