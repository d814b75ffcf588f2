//! The dashboard's built files, embedded.

use std::borrow::Cow;
use std::fmt::Write as _;

use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::File;

/// A build without the dashboard serves everything else.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

/// The dashboard's file at a path; `/` is its page.
pub fn dashboard(path: &str) -> Option<File> {
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let EmbeddedFile { data, metadata } = Dist::get(name)?;
    let digest = metadata.sha256_hash().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    });
    let content_type = with_charset(metadata.mimetype());
    let bytes = match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some(File { bytes, content_type: content_type.into(), digest, is_immutable: name.starts_with("assets/") })
}

/// Whether this build has a dashboard.
pub fn has_dashboard() -> bool {
    Dist::get("index.html").is_some()
}

fn with_charset(media_type: &str) -> String {
    let is_text = media_type.starts_with("text/") && !media_type.contains("charset");
    format!("{media_type}{}", if is_text { "; charset=utf-8" } else { "" })
}
