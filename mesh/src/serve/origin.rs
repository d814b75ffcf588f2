use http::Uri;
use serde::{Deserialize, Serialize};

/// Where a web page comes from, as browsers send it: scheme, host and port, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// The rule that a configured origin breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} must be http:// or https:// with a host and perhaps a port, such as https://desk.example")]
pub struct OriginError(String);

impl Origin {
    /// As it stands in the header of that name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        normal(&text).map(Self).ok_or(OriginError(text))
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

fn normal(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority()?.as_str();
    let host = uri.host()?.to_ascii_lowercase();
    let is_host = !host.is_empty() && !host.contains('*') && !authority.contains('@');
    let port = match authority.strip_prefix(uri.host()?)?.strip_prefix(':') {
        None => String::new(),
        Some(port) => spoken(scheme, port.parse().ok()?),
    };
    (is_host && uri.path() == "/" && uri.query().is_none()).then(|| format!("{scheme}://{host}{port}"))
}

/// The port as browsers say it: they leave out the scheme's own.
fn spoken(scheme: &str, port: u16) -> String {
    match (scheme, port) {
        ("http", 80) | ("https", 443) => String::new(),
        _ => format!(":{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_browsers_send_it() {
        for (given, sent) in [
            ("https://desk.example", "https://desk.example"),
            ("https://Desk.Example/", "https://desk.example"),
            ("http://10.0.0.7:5173", "http://10.0.0.7:5173"),
            ("https://desk.example:443", "https://desk.example"),
            ("http://[::1]:80/", "http://[::1]"),
        ] {
            assert_eq!(Origin::try_from(given.to_owned()).unwrap().as_str(), sent);
        }
    }

    #[test]
    fn refuses_what_no_browser_sends() {
        let bad = ["", "*", "null", "desk.example", "ftp://desk.example", "https://", "https://desk.example/app"];
        for bad in bad.into_iter().chain(["https://desk.example:99999", "https://desk.example:"]) {
            assert!(Origin::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        let error = Origin::try_from("https://*.example".to_owned()).unwrap_err().to_string();
        assert!(error.starts_with("\"https://*.example\" must be http://"), "{error}");
    }
}
