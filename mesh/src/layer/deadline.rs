use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

use super::call::{Call, Door};
use crate::serve::Settings;
use crate::status::{Code, Fault};

/// How long calls may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// A unary call that does not say.
    pub default: Duration,
    /// A unary call that says more.
    pub max: Duration,
}

impl Deadlines {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { default: settings.default_deadline_seconds.duration(), max: settings.max_deadline_seconds.duration() }
    }

    /// When a call's answer is of no more use. Streams and waiting calls have their client's deadline alone; what is
    /// not gRPC is up to its handler.
    pub(super) fn of(self, call: &Call, headers: &HeaderMap, now: Instant) -> Option<Instant> {
        if call.door == Door::Http {
            return None;
        }
        let asked = asked(headers);
        let given = match &call.method {
            Some(method) if method.is_open_ended() => asked,
            _ => Some(asked.unwrap_or(self.default).min(self.max)),
        };
        given.and_then(|time| now.checked_add(time))
    }
}

/// The time that `grpc-timeout` asks for: at most eight digits and a unit.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 =
        digits.parse().ok().filter(|_| digits.len() <= 8 && digits.bytes().all(|b| b.is_ascii_digit()))?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// Awaits `answer` until the deadline; dropping it then stops the work.
pub(super) async fn within<T>(
    deadline: Option<Instant>,
    answer: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let Some(deadline) = deadline else { return answer.await };
    timeout_at(deadline, answer).await.unwrap_or_else(|_| Err(exceeded()))
}

/// The failure of a call whose time is over.
pub(super) fn exceeded() -> Fault {
    Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the call's deadline passed before its answer was complete")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::methods::{Kind, Method};

    fn timeout(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-timeout"), http::HeaderValue::from_static(text))])
    }

    #[test]
    fn reads_every_unit_and_refuses_the_rest() {
        let read = |text| asked(&timeout(text));
        assert_eq!(read("1H"), Some(Duration::from_secs(3600)));
        assert_eq!(read("2M"), Some(Duration::from_secs(120)));
        assert_eq!(read("3S"), Some(Duration::from_secs(3)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for bad in ["", "S", "5", "-1S", "+1S", "123456789S", "1.5S", "1X"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn unary_calls_have_a_default_and_a_cap_and_streams_neither() {
        let deadlines = Deadlines { default: Duration::from_secs(5), max: Duration::from_secs(60) };
        let call = |kind, door| {
            let method = Method { service: Arc::from("s"), name: Arc::from("m"), kind };
            Call { door, method: Some(method) }
        };
        let now = Instant::now();
        let left = |kind, headers| deadlines.of(&call(kind, Door::Grpc), &headers, now).map(|end| end - now);
        assert_eq!(left(Kind::Unary, HeaderMap::new()), Some(Duration::from_secs(5)));
        assert_eq!(left(Kind::Unary, timeout("2S")), Some(Duration::from_secs(2)));
        assert_eq!(left(Kind::Unary, timeout("2H")), Some(Duration::from_secs(60)));
        assert_eq!(left(Kind::ServerStream, HeaderMap::new()), None);
        assert_eq!(left(Kind::ServerStream, timeout("2H")), Some(Duration::from_secs(7200)));
        assert_eq!(deadlines.of(&call(Kind::Unary, Door::Http), &HeaderMap::new(), now), None);
    }
}
