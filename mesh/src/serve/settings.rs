use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Origin;

/// The limits and times of a served port.
///
/// | Name | Default | Purpose |
/// | --- | --- | --- |
/// | `max_connections` | 4096 | one more is closed at once |
/// | `max_streams` | 100 | concurrent HTTP/2 streams a connection |
/// | `send_buffer_bytes` | 65536 | held for one stream that is not read |
/// | `max_header_bytes` | 16384 | all headers of a request |
/// | `first_request_seconds` | 10 | a connection without a request is closed |
/// | `keepalive_seconds` | 30 | between HTTP/2 PINGs |
/// | `keepalive_timeout_seconds` | 20 | a PING without an answer ends the connection |
/// | `max_age_seconds` | 1800 | a connection is told to go away, ± 10 % |
/// | `age_grace_seconds` | 60 | an aged connection is cut |
/// | `hard_stop_seconds` | 20 | a drain cuts what is left |
/// | `default_deadline_seconds` | 5 | unary calls without a deadline |
/// | `max_deadline_seconds` | 60 | unary calls with a longer one |
/// | `origins` | none | more origins whose pages may call, for example `https://desk.example` |
/// | `hosts` | none | more names under which this port may be called |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Connections at a time.
    pub max_connections: usize,
    /// Concurrent HTTP/2 streams a connection.
    pub max_streams: u32,
    /// Bytes held for one stream that is not read.
    pub send_buffer_bytes: usize,
    /// Bytes of all headers of a request.
    pub max_header_bytes: u32,
    /// Seconds until a connection must have sent its first request.
    pub first_request_seconds: Seconds,
    /// Seconds between HTTP/2 PINGs.
    pub keepalive_seconds: Seconds,
    /// Seconds until a PING must be answered.
    pub keepalive_timeout_seconds: Seconds,
    /// Seconds until a connection is told to go away, ± 10 %.
    pub max_age_seconds: Seconds,
    /// Seconds from then until it is cut.
    pub age_grace_seconds: Seconds,
    /// Seconds of a drain until all that is left is cut.
    pub hard_stop_seconds: Seconds,
    /// Seconds that a unary call without a deadline has.
    pub default_deadline_seconds: Seconds,
    /// Seconds that a unary call has at most.
    pub max_deadline_seconds: Seconds,
    /// Origins whose pages may call, besides the port's own and loopback ones.
    pub origins: Vec<Origin>,
    /// Host names under which the port may be called, besides loopback ones.
    pub hosts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_streams: 100,
            send_buffer_bytes: 64 * 1024,
            max_header_bytes: 16 * 1024,
            first_request_seconds: Seconds::literal(10.0),
            keepalive_seconds: Seconds::literal(30.0),
            keepalive_timeout_seconds: Seconds::literal(20.0),
            max_age_seconds: Seconds::literal(1800.0),
            age_grace_seconds: Seconds::literal(60.0),
            hard_stop_seconds: Seconds::literal(20.0),
            default_deadline_seconds: Seconds::literal(5.0),
            max_deadline_seconds: Seconds::literal(60.0),
            origins: Vec::new(),
            hosts: Vec::new(),
        }
    }
}

/// A positive number of seconds, as configuration has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Seconds(f64);

/// The rule that a configured time breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a positive number of seconds, at most a year")]
pub struct SecondsError;

const YEAR: f64 = 365.0 * 86_400.0;

impl Seconds {
    const fn literal(seconds: f64) -> Self {
        Self(seconds)
    }

    /// As a duration.
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl TryFrom<f64> for Seconds {
    type Error = SecondsError;

    fn try_from(seconds: f64) -> Result<Self, SecondsError> {
        if seconds > 0.0 && seconds <= YEAR { Ok(Self(seconds)) } else { Err(SecondsError) }
    }
}

impl From<Seconds> for f64 {
    fn from(seconds: Seconds) -> Self {
        seconds.0
    }
}
