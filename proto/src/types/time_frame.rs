use std::fmt;
use std::time::Duration;

use crate::r#type::v1 as wire;

/// The length of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeFrame {
    /// One trading session.
    D1,
    /// One hour.
    H1,
    /// Fifteen minutes.
    M15,
    /// Five minutes.
    M5,
    /// One minute.
    M1,
    /// One second.
    S1,
}

/// Why a number or text is not a time frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of TIME_FRAME_1D, _1H, _15M, _5M, _1M and _1S")]
pub struct ParseTimeFrameError;

impl TimeFrame {
    /// All time frames, longest first.
    pub const ALL: [Self; 6] = [Self::D1, Self::H1, Self::M15, Self::M5, Self::M1, Self::S1];

    /// A small number that names the time frame on disk; it never changes.
    pub fn code(self) -> u8 {
        wire::TimeFrame::from(self) as u8
    }

    /// The time frame of a [`code`](Self::code).
    ///
    /// # Errors
    /// If no time frame has this code.
    pub fn from_code(code: u8) -> Result<Self, ParseTimeFrameError> {
        Self::try_from(i32::from(code))
    }

    /// The bar's nominal length; a session counts as a day.
    pub fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::D1 => 86_400,
            Self::H1 => 3_600,
            Self::M15 => 900,
            Self::M5 => 300,
            Self::M1 => 60,
            Self::S1 => 1,
        })
    }
}

impl TryFrom<wire::TimeFrame> for TimeFrame {
    type Error = ParseTimeFrameError;

    fn try_from(wire: wire::TimeFrame) -> Result<Self, Self::Error> {
        match wire {
            wire::TimeFrame::Unspecified => Err(ParseTimeFrameError),
            wire::TimeFrame::TimeFrame1d => Ok(Self::D1),
            wire::TimeFrame::TimeFrame1h => Ok(Self::H1),
            wire::TimeFrame::TimeFrame15m => Ok(Self::M15),
            wire::TimeFrame::TimeFrame5m => Ok(Self::M5),
            wire::TimeFrame::TimeFrame1m => Ok(Self::M1),
            wire::TimeFrame::TimeFrame1s => Ok(Self::S1),
        }
    }
}

impl TryFrom<i32> for TimeFrame {
    type Error = ParseTimeFrameError;

    fn try_from(number: i32) -> Result<Self, Self::Error> {
        wire::TimeFrame::try_from(number).map_err(|_| ParseTimeFrameError)?.try_into()
    }
}

impl From<TimeFrame> for wire::TimeFrame {
    fn from(frame: TimeFrame) -> Self {
        match frame {
            TimeFrame::D1 => Self::TimeFrame1d,
            TimeFrame::H1 => Self::TimeFrame1h,
            TimeFrame::M15 => Self::TimeFrame15m,
            TimeFrame::M5 => Self::TimeFrame5m,
            TimeFrame::M1 => Self::TimeFrame1m,
            TimeFrame::S1 => Self::TimeFrame1s,
        }
    }
}

impl fmt::Display for TimeFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::D1 => "1D",
            Self::H1 => "1H",
            Self::M15 => "15M",
            Self::M5 => "5M",
            Self::M1 => "1M",
            Self::S1 => "1S",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for frame in TimeFrame::ALL {
            assert_eq!(TimeFrame::from_code(frame.code()), Ok(frame));
        }
        assert_eq!(TimeFrame::from_code(0), Err(ParseTimeFrameError));
        assert_eq!(TimeFrame::try_from(99), Err(ParseTimeFrameError));
    }
}
