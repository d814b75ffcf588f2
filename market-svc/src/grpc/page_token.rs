use std::fmt::Write as _;

use tickmesh_mesh::status::Violations;

/// An opaque page token: where to go on, and a digest of the request that it belongs to.
pub(super) struct PageToken;

/// FNV-1a over the request's other fields: a token that is used with another request is refused, nothing more is
/// claimed.
fn digest(request: &str) -> u64 {
    request.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl PageToken {
    /// The token to go on at `place` with the same `request`.
    pub(super) fn make(place: &str, request: &str) -> String {
        let mut token = format!("{:016x}", digest(request));
        place.bytes().for_each(|byte| write!(token, "{byte:02x}").expect("a String takes all"));
        token
    }

    /// The place that a token names; `None` for an empty one. Anything else that is no token of `request` is noted.
    pub(super) fn read(token: &str, request: &str, violations: &mut Violations) -> Option<String> {
        if token.is_empty() {
            return None;
        }
        let place = Self::place(token, request);
        if place.is_none() {
            violations.add("page_token", "must be the next_page_token of an answer to the same request");
        }
        place
    }

    fn place(token: &str, request: &str) -> Option<String> {
        let (head, tail) = token.split_at_checked(16)?;
        let matches = u64::from_str_radix(head, 16).ok()? == digest(request);
        let byte = |at: usize| u8::from_str_radix(tail.get(at..at + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..tail.len()).step_by(2).map(byte).collect();
        String::from_utf8(bytes?).ok().filter(|_| matches)
    }
}

/// The size of a page: 0 means 100, more than 1,000 is cut.
pub(super) fn page_size(asked: i32, violations: &mut Violations) -> usize {
    match usize::try_from(asked) {
        Ok(0) => 100,
        Ok(size) => size.min(1000),
        Err(_) => {
            violations.add("page_size", "must not be negative");
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn belongs_to_its_request() {
        let token = PageToken::make("AAPL", "a");
        let mut violations = Violations::new();
        assert_eq!(PageToken::read(&token, "a", &mut violations).as_deref(), Some("AAPL"));
        assert!(violations.is_empty());
        for bad in [PageToken::read(&token, "b", &mut violations), PageToken::read("x", "a", &mut violations)] {
            assert_eq!(bad, None);
        }
        assert_eq!(violations.iter().count(), 2);
    }
}
