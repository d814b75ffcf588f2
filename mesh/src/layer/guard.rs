use std::net::IpAddr;

use http::uri::Authority;
use http::{HeaderMap, Request, Uri, header};

use crate::serve::Settings;
use crate::status::{Code, Fault};

/// Keeps foreign web pages out.
///
/// A browser sends other sites' requests too, and JSON bodies are accepted whatever their type; therefore a request
/// with a foreign `Origin` is refused, and so is a `Host` that is neither loopback nor configured (a name that an
/// attacker points at this machine).
#[derive(Clone, Debug, Default)]
pub struct Guard {
    origins: Vec<String>,
    hosts: Vec<String>,
}

impl Guard {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            origins: settings.origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
            hosts: settings.hosts.iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    /// Lets a request pass or says why not.
    ///
    /// # Errors
    /// PERMISSION_DENIED, reason HOST_REFUSED or ORIGIN_REFUSED.
    pub fn admit<B>(&self, request: &Request<B>) -> Result<(), Fault> {
        let host = host(request);
        let Some(named) = host.as_ref().filter(|host| self.knows_host(host)) else {
            return Err(refused("HOST_REFUSED", "Host", host.as_ref().map_or("", Authority::as_str)));
        };
        match request.headers().get(header::ORIGIN) {
            None => Ok(()),
            Some(origin) => {
                let origin = origin.to_str().unwrap_or_default();
                let is_known = self.knows_origin(origin, named);
                if is_known { Ok(()) } else { Err(refused("ORIGIN_REFUSED", "Origin", origin)) }
            }
        }
    }

    fn knows_host(&self, host: &Authority) -> bool {
        let name = host.host().to_ascii_lowercase();
        is_loopback(&name) || self.hosts.contains(&name) || self.hosts.contains(&host.as_str().to_ascii_lowercase())
    }

    /// `host` is the name under which this port was called.
    fn knows_origin(&self, origin: &str, host: &Authority) -> bool {
        if self.origins.contains(&origin.to_ascii_lowercase()) {
            return true;
        }
        let uri = origin.parse::<Uri>().ok();
        uri.as_ref().and_then(Uri::authority).is_some_and(|from| from == host || is_loopback(from.host()))
    }
}

fn host<B>(request: &Request<B>) -> Option<Authority> {
    let named = |headers: &HeaderMap| headers.get(header::HOST)?.to_str().ok()?.parse().ok();
    request.uri().authority().cloned().or_else(|| named(request.headers()))
}

/// Whether a host, as a URL names it, is this machine.
pub(crate) fn is_loopback(name: &str) -> bool {
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn refused(reason: &str, header: &str, value: &str) -> Fault {
    let text = format!("{header} {value:?} is neither loopback nor configured here");
    Fault::new(Code::PermissionDenied, reason, text).meta("header", header.to_ascii_lowercase()).meta("value", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(guard: &Guard, host: &str, origin: Option<&str>) -> Option<String> {
        let mut request = Request::get("/v1/instruments").header(header::HOST, host);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        guard.admit(&request.body(()).unwrap()).err().map(|fault| fault.reason().to_owned())
    }

    #[test]
    fn lets_loopback_and_configured_names_pass() {
        let guard = Guard { origins: vec!["https://desk.example".into()], hosts: vec!["mesh.internal".into()] };
        for (host, origin) in [
            ("127.0.0.1:8080", None),
            ("localhost:8080", Some("http://localhost:5173")),
            ("[::1]:8080", Some("http://[::1]:8080")),
            ("Mesh.Internal:8080", Some("http://mesh.internal:8080")),
            ("localhost", Some("https://desk.example")),
        ] {
            assert_eq!(reason(&guard, host, origin), None, "{host} {origin:?}");
        }
    }

    #[test]
    fn refuses_foreign_ones() {
        let guard = Guard::default();
        for (host, origin, why) in [
            ("evil.example", None, "HOST_REFUSED"),
            ("localhost.evil.example", None, "HOST_REFUSED"),
            ("", None, "HOST_REFUSED"),
            ("localhost", Some("https://evil.example"), "ORIGIN_REFUSED"),
            ("localhost", Some("null"), "ORIGIN_REFUSED"),
            ("localhost", Some("http://127.0.0.1.evil.example"), "ORIGIN_REFUSED"),
            ("localhost", Some("http://localhost@evil.example"), "ORIGIN_REFUSED"),
        ] {
            assert_eq!(reason(&guard, host, origin).as_deref(), Some(why), "{host} {origin:?}");
        }
    }
}
