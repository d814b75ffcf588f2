//! A plain HTTP/1.1 client.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value as Json;

use crate::harness::{Mesh, soon};

/// A response that has arrived.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The detail of a type of `google.rpc`.
    pub(crate) fn detail(&self, name: &str) -> Json {
        let json = self.json();
        let details = json["details"].as_array().unwrap_or_else(|| panic!("no details in {json}"));
        let found: Vec<_> =
            details.iter().filter(|d| d["@type"] == format!("type.googleapis.com/google.rpc.{name}")).collect();
        assert_eq!(found.len(), 1, "{name} in {json}");
        found[0].clone()
    }

    /// The fields that a bad request names, in order of their names.
    pub(crate) fn violations(&self) -> Vec<String> {
        let detail = self.detail("BadRequest");
        let violations = detail["fieldViolations"].as_array().unwrap();
        let mut fields: Vec<_> =
            violations.iter().map(|v| v["field"].as_str().unwrap_or_default().to_owned()).collect();
        fields.sort();
        fields
    }
}

/// Sends a request and returns its response's head with the body still coming.
pub(crate) async fn open(
    mesh: &Mesh,
    request: http::request::Builder,
    path: &str,
    body: &[u8],
) -> http::Response<Incoming> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = request.uri(format!("http://{}{path}", mesh.gateway)).body(Full::new(Bytes::copy_from_slice(body)));
    soon(client.request(request.unwrap())).await.unwrap()
}

pub(crate) async fn send(mesh: &Mesh, request: http::request::Builder, path: &str, body: &[u8]) -> Answer {
    let (head, body) = open(mesh, request, path, body).await.into_parts();
    let body = soon(body.collect()).await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body }
}

pub(crate) async fn get(mesh: &Mesh, path: &str) -> Answer {
    send(mesh, Request::get("/"), path, b"").await
}

pub(crate) async fn post(mesh: &Mesh, path: &str, body: &str) -> Answer {
    // As curl -d sends it.
    let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    send(mesh, request, path, body.as_bytes()).await
}

pub(crate) async fn with_verb(mesh: &Mesh, verb: Method, path: &str) -> Answer {
    send(mesh, Request::builder().method(verb), path, b"").await
}

/// Reads a coming body until it holds `text`.
pub(crate) async fn read_until(body: &mut Incoming, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let frame = soon(body.frame()).await.unwrap_or_else(|| panic!("ended before {text:?}: {read}")).unwrap();
        read.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    read
}
