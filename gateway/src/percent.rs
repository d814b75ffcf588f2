//! Percent-decoding of paths and queries.

/// What stays encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nothing: every `%XX` becomes its byte.
    Nothing,
    /// `%2F` stays, so that an encoded slash keeps apart from a separating one.
    Slash,
}

/// Decodes `%XX`. `None` when a `%` is not followed by two hexadecimal digits or the bytes are not UTF-8.
pub(crate) fn decode(raw: &str, keep: Keep) -> Option<String> {
    if !raw.contains('%') {
        return Some(raw.to_owned());
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        match hex(*tail.first()?)? << 4 | hex(*tail.get(1)?)? {
            b'/' if keep == Keep::Slash => bytes.extend_from_slice(&rest[..3]),
            byte => bytes.push(byte),
        }
        rest = &tail[2..];
    }
    String::from_utf8(bytes).ok()
}

/// Decodes a query's key or value, in which `+` is a space.
pub(crate) fn decode_form(raw: &str) -> Option<String> {
    decode(&raw.replace('+', " "), Keep::Nothing)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn broken_encodings_are_refused() {
        for raw in ["%", "%4", "%zz", "%ff", "a%"] {
            assert_eq!(decode(raw, Keep::Nothing), None, "{raw}");
        }
    }

    #[test]
    fn a_plus_is_a_space_only_in_a_query() {
        assert_eq!(decode("a+b", Keep::Nothing).as_deref(), Some("a+b"));
        assert_eq!(decode_form("a+b%2B").as_deref(), Some("a b+"));
    }

    proptest! {
        #[test]
        fn any_text_survives(text in ".*") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(decode(&encoded, Keep::Nothing), Some(text));
        }
    }
}
