//! `/docs`: the reference, drawn in the browser from `/openapi.json` by a small script of our own.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::File;

/// The reference's file at a path.
pub fn docs(path: &str) -> Option<File> {
    let (text, content_type) = match path {
        "/docs" | "/docs/" => (include_str!("docs/index.html"), "text/html; charset=utf-8"),
        "/docs/docs.css" => (include_str!("docs/docs.css"), "text/css; charset=utf-8"),
        "/docs/docs.js" => (include_str!("docs/docs.js"), "text/javascript; charset=utf-8"),
        _ => return None,
    };
    let digest = format!("{:x}", Sha256::digest(text));
    Some(File {
        bytes: Bytes::from_static(text.as_bytes()),
        content_type: content_type.into(),
        digest,
        is_immutable: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_no_other_host_and_no_inline_code() {
        let page = docs("/docs").unwrap();
        let text = String::from_utf8(page.bytes.into()).unwrap();
        assert!(!text.contains("http://") && !text.contains("https://"), "a foreign host");
        assert!(!text.contains("<style") && !text.contains("style=") && !text.contains("<script>"), "inline code");
        for name in text.split('"').filter(|part| part.starts_with("/docs/")) {
            assert!(docs(name).is_some(), "{name} is missing");
        }
    }
}
