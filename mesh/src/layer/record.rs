use std::net::SocketAddr;
use std::time::Instant;

use http::{Method as Verb, StatusCode};
use metrics::{SharedString, counter, histogram};
use tracing::Span;

use super::call::{Call, Door};
use super::identity;
use crate::context::RequestContext;
use crate::status::Code;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Grpc(tonic::Code),
    Http(StatusCode),
}

/// A call under way: counted, timed and logged once, when its last byte is out or its client is gone.
#[derive(Debug)]
pub(super) struct Record {
    part: &'static str,
    call: Call,
    verb: &'static str,
    context: RequestContext,
    peer: Option<SocketAddr>,
    span: Span,
    started: Instant,
    is_open: bool,
}

impl Record {
    pub(super) fn start(
        part: &'static str,
        call: &Call,
        verb: &Verb,
        context: &RequestContext,
        peer: Option<SocketAddr>,
    ) -> Self {
        let (call, context, verb) = (call.clone(), context.clone(), name_of(verb));
        let span = identity::span(&call, &context, peer);
        Self { part, call, verb, context, peer, span, started: Instant::now(), is_open: true }
    }

    /// What is logged on behalf of the call belongs to this span.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Counts, times and logs the call; only the first time.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.is_open, false) {
            let seconds = self.started.elapsed().as_secs_f64();
            match outcome {
                Outcome::Grpc(code) => self.finish_grpc(code, seconds),
                Outcome::Http(status) => self.finish_http(status, seconds),
            }
        }
    }

    fn finish_grpc(&self, code: tonic::Code, seconds: f64) {
        let code = name(code);
        let (service, method) = match &self.call.method {
            Some(method) => (method.service.clone().into(), method.name.clone().into()),
            None => (SharedString::const_str(OTHER), SharedString::const_str(OTHER)),
        };
        let labels: [(&str, SharedString); 5] = [
            ("part", self.part.into()),
            ("grpc_service", service),
            ("grpc_method", method),
            ("grpc_type", self.call.kind().into()),
            ("grpc_code", code.into()),
        ];
        counter!("grpc_server_handled_total", &labels).increment(1);
        histogram!("grpc_server_handling_seconds", &labels).record(seconds);
        let duration_ms = seconds * 1e3;
        match code {
            "INTERNAL" | "UNKNOWN" | "DATA_LOSS" => {
                self.loud().in_scope(|| tracing::warn!(rpc_code = code, duration_ms, "call failed"));
            }
            _ => self.span.in_scope(|| tracing::debug!(rpc_code = code, duration_ms, "call ended")),
        }
    }

    /// A span that is there under any filter.
    fn loud(&self) -> Span {
        if self.span.is_disabled() {
            identity::span_of_failure(&self.call, &self.context, self.peer)
        } else {
            self.span.clone()
        }
    }

    fn finish_http(&self, status: StatusCode, seconds: f64) {
        let labels: [(&str, SharedString); 3] =
            [("part", self.part.into()), ("verb", self.verb.into()), ("status", status.as_str().to_owned().into())];
        counter!("tickmesh_http_handled_total", &labels).increment(1);
        histogram!("tickmesh_http_handling_seconds", &labels).record(seconds);
        let (status, duration_ms) = (status.as_u16(), seconds * 1e3);
        if status >= 500 && status != 503 {
            self.loud().in_scope(|| tracing::warn!(status, duration_ms, "request failed"));
        } else {
            self.span.in_scope(|| tracing::debug!(status, duration_ms, "request ended"));
        }
    }
}

impl Drop for Record {
    /// A call that is dropped before its end was given up by its client.
    fn drop(&mut self) {
        self.finish(match self.call.door {
            Door::Grpc | Door::GrpcWeb => Outcome::Grpc(tonic::Code::Cancelled),
            Door::Http => Outcome::Http(Code::Cancelled.http()),
        });
    }
}

/// Names that strangers made up must not become labels.
const OTHER: &str = "_OTHER";

fn name(code: tonic::Code) -> &'static str {
    if code == tonic::Code::Ok { "OK" } else { Code::from(code).name() }
}

fn name_of(verb: &Verb) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == verb.as_str()).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderMap;

    use super::*;
    use crate::methods::{Kind, Method};
    use crate::telemetry::json::tests::logged;

    fn call() -> Call {
        let method = Method { service: Arc::from("tickmesh.Desk"), name: Arc::from("Get"), kind: Kind::Unary };
        Call { door: Door::Grpc, method: Some(method) }
    }

    #[test]
    fn a_call_that_fails_is_logged_with_all_that_is_known_of_it_whatever_the_filter() {
        for filter in ["warn", "info", "error,tickmesh_mesh=warn"] {
            let context = identity::context(&HeaderMap::new(), None);
            let lines = logged(filter, || {
                let peer = Some(([127, 0, 0, 1], 4711).into());
                let mut record = Record::start("test", &call(), &Verb::POST, &context, peer);
                record.finish(Outcome::Grpc(tonic::Code::Internal));
            });
            let [line] = lines.as_slice() else { panic!("{filter}: {lines:?}") };
            assert_eq!((&line["level"], &line["message"]), (&"WARN".into(), &"call failed".into()));
            assert_eq!(line["request_id"], *context.request_id, "{filter}");
            assert_eq!(line["trace_id"], *context.trace.trace_id);
            assert_eq!((&line["rpc_method"], &line["rpc_code"]), (&"tickmesh.Desk/Get".into(), &"INTERNAL".into()));
            assert_eq!(line["peer"], "127.0.0.1:4711");
        }
    }
}
