//! How the messages of a server stream stand in an HTTP response: NDJSON or server-sent events.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// A framing of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One JSON object a line.
    Lines,
    /// Server-sent events, for `EventSource`: `id:` is the cursor, so that a browser resumes by itself.
    Events,
}

impl Framing {
    /// The framing that a client accepts: lines unless it names event streams.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let media_types = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let wants_events = media_types.flat_map(|list| list.split(',')).any(is_event_stream);
        if wants_events { Self::Events } else { Self::Lines }
    }

    /// The response's content type.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Lines => "application/x-ndjson",
            Self::Events => "text/event-stream",
        })
    }

    /// One message, as JSON without line breaks, at a place in the feed if it has one.
    pub fn message(self, json: &[u8], cursor: Option<&str>) -> Bytes {
        let mut frame = BytesMut::with_capacity(json.len() + 64);
        match self {
            Self::Lines => frame.put_slice(json),
            Self::Events => {
                if let Some(cursor) = cursor.filter(|cursor| is_event_id(cursor)) {
                    frame.put_slice(b"id: ");
                    frame.put_slice(cursor.as_bytes());
                    frame.put_u8(b'\n');
                }
                frame.put_slice(b"data: ");
                frame.put_slice(json);
                frame.put_u8(b'\n');
            }
        }
        frame.put_u8(b'\n');
        frame.freeze()
    }

    /// The error that ends a stream after its first message, as a `google.rpc.Status` in JSON.
    pub fn error(self, status: &[u8]) -> Bytes {
        let (before, after): (&[u8], &[u8]) = match self {
            Self::Lines => (b"{\"error\":", b"}\n"),
            Self::Events => (b"event: error\ndata: ", b"\n\n"),
        };
        [before, status, after].concat().into()
    }
}

fn is_event_stream(media_type: &str) -> bool {
    let (name, parameters) = media_type.split_once(';').unwrap_or((media_type, ""));
    let refused = parameters.split(';').any(|p| matches!(p.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
    name.trim().eq_ignore_ascii_case("text/event-stream") && !refused
}

/// An event's id ends at a line break, and browsers drop one that holds a NUL.
fn is_event_id(cursor: &str) -> bool {
    !cursor.is_empty() && !cursor.contains(['\n', '\r', '\0'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepted(accept: &'static str) -> Framing {
        Framing::accepted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]))
    }

    #[test]
    fn events_are_for_those_who_ask() {
        assert_eq!(Framing::accepted(&HeaderMap::new()), Framing::Lines);
        assert_eq!(accepted("*/*"), Framing::Lines);
        assert_eq!(accepted("text/event-stream"), Framing::Events);
        assert_eq!(accepted("application/json, Text/Event-Stream;q=0.5"), Framing::Events);
        assert_eq!(accepted("text/event-stream;q=0, */*"), Framing::Lines);
    }

    #[test]
    fn a_line_is_a_message() {
        assert_eq!(Framing::Lines.message(b"{\"a\":1}", Some("c")), "{\"a\":1}\n");
        assert_eq!(Framing::Lines.error(b"{\"code\":5}"), "{\"error\":{\"code\":5}}\n");
    }

    #[test]
    fn an_event_has_the_cursor_as_its_id() {
        assert_eq!(Framing::Events.message(b"{\"a\":1}", Some("c7")), "id: c7\ndata: {\"a\":1}\n\n");
        assert_eq!(Framing::Events.message(b"{}", None), "data: {}\n\n");
        assert_eq!(Framing::Events.message(b"{}", Some("a\nb")), "data: {}\n\n");
        assert_eq!(Framing::Events.error(b"{\"code\":5}"), "event: error\ndata: {\"code\":5}\n\n");
    }

    proptest! {
        /// A reader that splits at the framing's separator gets each message back.
        #[test]
        fn messages_can_be_told_apart(texts in prop::collection::vec(".*", 0..5), cursor in ".{0,8}") {
            let messages: Vec<_> = texts.iter().map(|text| serde_json::to_vec(text).unwrap()).collect();
            let lines: Vec<u8> = messages.iter().flat_map(|json| Framing::Lines.message(json, Some(&cursor))).collect();
            prop_assert_eq!(lines.split_inclusive(|byte| *byte == b'\n').count(), messages.len());
            let events: Vec<u8> = messages.iter().flat_map(|json| Framing::Events.message(json, Some(&cursor))).collect();
            let events = String::from_utf8(events).unwrap();
            prop_assert_eq!(events.matches("\n\n").count(), messages.len());
        }
    }
}
