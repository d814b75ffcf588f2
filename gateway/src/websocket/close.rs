//! Why a socket is closed, as its client reads it.

use axum::extract::ws::{CloseFrame, close_code};

/// The end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// The client has closed the socket or is gone: nothing more can be said.
    Gone,
    /// The gateway drains, or the connection has reached its age.
    Draining,
    /// The client has not answered pings.
    Silent,
    /// The client has taken nothing for so long that nothing more can be said.
    Stalled,
    /// The client has sent bytes where text is asked for.
    Binary,
    /// The client has sent more than one message may hold.
    TooLarge,
    /// The client has broken the protocol.
    Protocol,
}

impl Close {
    /// The frame to send; `None` where nobody listens.
    pub(super) fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone | Self::Stalled => return None,
            Self::Draining => (close_code::AWAY, "DRAINING: connect again and go on with resume_after"),
            Self::Silent => (close_code::POLICY, "SILENT: no answer to pings for 50 s"),
            Self::Binary => (close_code::UNSUPPORTED, "BINARY: messages are JSON text"),
            Self::TooLarge => (close_code::SIZE, "TOO_LARGE: a message holds at most 64 KiB"),
            Self::Protocol => (close_code::PROTOCOL, "PROTOCOL: the frame breaks RFC 6455"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }

    /// What a failed read means. The library's own limit is above ours, and its error is known by its text alone.
    pub(super) fn of_read_error(error: &axum::Error) -> Self {
        let text = error.to_string();
        if text.contains("too long") {
            Self::TooLarge
        } else if text.contains("rotocol") || text.contains("UTF-8") {
            Self::Protocol
        } else {
            Self::Gone
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_fit_into_a_control_frame() {
        for close in [Close::Draining, Close::Silent, Close::Binary, Close::TooLarge, Close::Protocol] {
            let frame = close.frame().unwrap();
            assert!(frame.reason.len() <= 123, "{close:?}");
        }
    }
}
