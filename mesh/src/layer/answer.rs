use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use tonic::Status;

use super::call::Door;
use crate::status::Fault;

/// A failure as the answer of a door: for gRPC in the headers, for HTTP as `google.rpc.Status` in JSON.
pub(super) fn failure(door: Door, fault: Fault) -> Response<Body> {
    match door {
        Door::Grpc => in_headers(fault, HeaderValue::from_static("application/grpc")),
        Door::GrpcWeb => in_headers(fault, HeaderValue::from_static("application/grpc-web+proto")),
        Door::Http => in_json(&fault),
    }
}

/// The same with the HTTP status of its code on every door: for requests that are refused before they are read.
pub(super) fn refusal(door: Door, fault: Fault) -> Response<Body> {
    let status = fault.code().http();
    let mut response = failure(door, fault);
    *response.status_mut() = status;
    response
}

fn in_headers(fault: Fault, content_type: HeaderValue) -> Response<Body> {
    let mut response = Status::from(fault).into_http::<Body>();
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn in_json(fault: &Fault) -> Response<Body> {
    let status = fault.code().http();
    let mut response = Response::new(Body::from(fault.to_json().to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
