//! The answer of a call that streams.

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use prost_reflect::MessageDescriptor;
use tonic::{Status, Streaming};

use super::error::ErrorResponse;
use super::framing::Framing;
use crate::contract::Method;
use crate::render;

/// Renders a stream as it arrives. The first message is awaited, so that an error before it has its own HTTP code.
///
/// # Errors
/// What the call ends with before its first message.
pub(super) async fn response(
    mut responses: Streaming<Bytes>,
    method: &Method,
    headers: &HeaderMap,
    errors: ErrorResponse,
) -> Result<Response<Body>, Status> {
    let framing = Framing::accepted(headers);
    let first = responses.message().await?;
    let rest = Rest { responses, output: method.output(), framing, errors };
    let first = first.map(|message| rest.frame(message)).transpose()?;
    let frames = stream::iter(first).chain(rest.frames()).map(Ok::<_, std::convert::Infallible>);
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, framing.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")); // proxies: do not hold back
    Ok(response)
}

/// The messages after the first.
struct Rest {
    responses: Streaming<Bytes>,
    output: MessageDescriptor,
    framing: Framing,
    errors: ErrorResponse,
}

impl Rest {
    /// One message in its frame.
    fn frame(&self, message: Bytes) -> Result<Bytes, Status> {
        let message = render::decode(self.output.clone(), message)?;
        let cursor = message.get_field_by_name("cursor");
        let cursor = cursor.as_ref().and_then(|cursor| cursor.as_str());
        Ok(self.framing.message(&render::message(&message)?, cursor))
    }

    /// All frames; an error becomes the last one. Dropping them drops the call.
    fn frames(self) -> impl Stream<Item = Bytes> {
        stream::unfold(Some(self), |rest| async move {
            let mut rest = rest?;
            let next = rest.responses.message().await.and_then(|message| message.map(|m| rest.frame(m)).transpose());
            match next {
                Ok(None) => None,
                Ok(Some(frame)) => Some((frame, Some(rest))),
                Err(status) => Some((rest.framing.error(&rest.errors.json(&status)), None)),
            }
        })
    }
}
