//! A file in memory → a response.

use std::borrow::Cow;

use axum::body::Body;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// Pages load nothing from another host, and nobody else frames them.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// A file with what its response says about it. A clone shares the bytes.
#[derive(Clone, Debug)]
pub struct File {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its type, for example `text/html; charset=utf-8`.
    pub content_type: Cow<'static, str>,
    /// A digest of its bytes.
    pub digest: String,
    /// Whether its name changes when its bytes do, so that it may be kept for ever.
    pub is_immutable: bool,
}

impl File {
    /// The response, or 304 if the client has the same bytes.
    pub fn response(self, request: &HeaderMap) -> Response<Body> {
        let etag = format!("\"{}\"", self.digest);
        let mut response = Response::new(Body::empty());
        if matches(request, &etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = Body::from(self.bytes);
        }
        let kept = if self.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(ETAG, HeaderValue::from_str(&etag).expect("a digest is hexadecimal"));
        let content_type = HeaderValue::from_str(&self.content_type).expect("a media type is a header's text");
        headers.insert(CONTENT_TYPE, content_type);
        response
    }
}

fn matches(request: &HeaderMap, etag: &str) -> bool {
    let known = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|list| list.split(',')).any(|known| known.trim().trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        File {
            bytes: Bytes::from_static(b"hello"),
            content_type: "text/plain".into(),
            digest: "2cf2".into(),
            is_immutable: false,
        }
    }

    #[test]
    fn a_client_that_has_the_bytes_gets_none() {
        let headers = |value: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]);
        assert_eq!(file().response(&headers("\"2cf2\"")).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(file().response(&headers("\"a\", W/\"2cf2\"")).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(file().response(&headers("\"a\"")).status(), StatusCode::OK);
    }

    #[test]
    fn nothing_is_loaded_from_another_host() {
        let response = file().response(&HeaderMap::new());
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
    }
}
