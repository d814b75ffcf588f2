//! The answer of a unary call.

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use tonic::Status;

use super::deadline::Deadline;
use crate::contract::Method;

/// Awaits a unary call within its deadline and renders its answer as JSON.
///
/// # Errors
/// What the call ends with; DEADLINE_EXCEEDED if it takes too long.
pub(super) async fn unary(
    call: impl Future<Output = Result<tonic::Response<Bytes>, Status>>,
    method: &Method,
    deadline: Deadline,
) -> Result<Response<Body>, Status> {
    let answer = deadline.answered(call).await?;
    Ok(json(method.renderer().json(answer.get_ref())?))
}

/// A response of JSON.
pub(super) fn json(body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
