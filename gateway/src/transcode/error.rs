//! Errors → HTTP responses.

use axum::body::Body;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method as Verb, Response, StatusCode};
use prost_reflect::DescriptorPool;
use tickmesh_mesh::status::{Code, Fault, Violations};
use tonic::Status;

use crate::render;

/// Renders errors as `google.rpc.Status` in JSON with the mapped HTTP code.
#[derive(Debug, Clone)]
pub struct ErrorResponse {
    pool: DescriptorPool,
}

impl ErrorResponse {
    /// Details are decoded by the types in `pool`.
    pub fn new(pool: DescriptorPool) -> Self {
        Self { pool }
    }

    /// The error's JSON.
    pub fn json(&self, status: &Status) -> Vec<u8> {
        render::status(status, &self.pool)
    }

    /// The error as a whole response.
    pub fn response(&self, status: &Status) -> Response<Body> {
        self.with_code(Code::from(status.code()).http(), status)
    }

    /// The error as a response with another HTTP code than its own.
    pub fn with_code(&self, code: StatusCode, status: &Status) -> Response<Body> {
        let mut response = Response::new(Body::from(self.json(status)));
        *response.status_mut() = code;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// 404: nothing has this path.
    pub fn no_path(&self, path: &str) -> Response<Body> {
        let fault = Fault::new(
            Code::NotFound,
            "PATH_UNKNOWN",
            format!("there is nothing at {path}; see /docs for what there is"),
        )
        .meta("path", path);
        self.with_code(StatusCode::NOT_FOUND, &fault.into())
    }

    /// 405: the path has other verbs, which `Allow` lists.
    pub fn other_verbs(&self, verb: &Verb, path: &str, allowed: &[Verb]) -> Response<Body> {
        let allowed = allowed.iter().map(Verb::as_str).collect::<Vec<_>>().join(", ");
        let fault = Fault::new(Code::Unimplemented, "VERB_UNKNOWN", format!("{path} has no {verb}, only {allowed}"))
            .meta("allow", allowed.as_str());
        let mut response = self.with_code(StatusCode::METHOD_NOT_ALLOWED, &fault.into());
        let allowed = HeaderValue::from_str(&allowed).expect("verbs are tokens");
        response.headers_mut().insert(ALLOW, allowed);
        response
    }
}

/// INVALID_ARGUMENT for one part of a request.
pub fn bad_field(field: &str, rule: String) -> Fault {
    let mut violations = Violations::new();
    violations.add(field, rule);
    violations.finish(()).expect_err("one field is broken")
}
