//! The text of what a socket sends.

use axum::extract::ws::Message;

/// `{"channel": …, "data": …}`.
pub(super) fn data(channel: &str, json: &[u8]) -> Message {
    text(Some(channel), "data", json)
}

/// `{"channel": …, "error": …}`; a refusal of a whole message has no channel.
pub(super) fn error(channel: Option<&str>, status: &[u8]) -> Message {
    text(channel, "error", status)
}

fn text(channel: Option<&str>, key: &str, json: &[u8]) -> Message {
    let channel = serde_json::Value::from(channel); // a name from a client may hold anything
    let json = String::from_utf8_lossy(json);
    Message::text(format!(r#"{{"channel":{channel},"{key}":{json}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_object() {
        assert_eq!(data("ticks", b"{}").to_text().unwrap(), r#"{"channel":"ticks","data":{}}"#);
        assert_eq!(error(Some("a\"b"), b"{}").to_text().unwrap(), r#"{"channel":"a\"b","error":{}}"#);
        assert_eq!(error(None, b"{}").to_text().unwrap(), r#"{"channel":null,"error":{}}"#);
    }
}
