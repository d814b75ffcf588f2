//! The answer of a call that streams.

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use prost::Message as _;
use tickmesh_mesh::serve::Ending;
use tickmesh_proto::r#type::v1::end_of_stream::Reason;
use tonic::{Status, Streaming};

use super::error::ErrorResponse;
use super::framing::Framing;
use crate::contract::Method;
use crate::farewell::{self, Farewell};
use crate::live::{Head, is_live};
use crate::render::Renderer;

/// Renders a stream as it arrives. The first message is awaited, so that an error before it has its own HTTP code; a
/// live stream waits for it no longer than the gateway stays.
///
/// # Errors
/// What the call ends with before its first message.
pub(super) async fn response(
    responses: impl Future<Output = Result<Streaming<Bytes>, Status>>,
    method: &Method,
    headers: &HeaderMap,
    errors: ErrorResponse,
    mut ending: Ending,
) -> Result<Response<Body>, Status> {
    let framing = Framing::accepted(headers);
    let farewell = Farewell::of(method);
    let (responses, first) = farewell::unless_ending(&mut ending, farewell.as_ref(), begun(responses)).await?;
    let mut rest = Rest {
        responses,
        renderer: method.renderer().clone(),
        framing,
        has_ids: framing == Framing::Events && is_live(method),
        errors,
        ending,
        is_ending: false,
        farewell,
    };
    let first = first.map(|message| rest.frame(&message)).transpose()?;
    let frames = stream::iter(first).chain(rest.frames()).map(Ok::<_, std::convert::Infallible>);
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, framing.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")); // proxies: do not hold back
    Ok(response)
}

/// A stream with its first message.
async fn begun(
    responses: impl Future<Output = Result<Streaming<Bytes>, Status>>,
) -> Result<(Streaming<Bytes>, Option<Bytes>), Status> {
    let mut responses = responses.await?;
    let first = responses.message().await?;
    Ok((responses, first))
}

/// The messages after the first.
struct Rest {
    responses: Streaming<Bytes>,
    renderer: Renderer,
    framing: Framing,
    /// Frames carry the cursor of their message.
    has_ids: bool,
    errors: ErrorResponse,
    ending: Ending,
    is_ending: bool,
    /// Only live streams say goodbye; others end by themselves.
    farewell: Option<Farewell>,
}

/// What comes next in a stream.
enum Next {
    Message(Bytes),
    End,
    Goodbye,
}

impl Rest {
    /// One message in its frame.
    fn frame(&mut self, message: &[u8]) -> Result<Bytes, Status> {
        if let Some(farewell) = &mut self.farewell {
            farewell.saw(message);
        }
        self.render(message)
    }

    fn render(&self, message: &[u8]) -> Result<Bytes, Status> {
        let json = self.renderer.json(message)?;
        let cursor = self.has_ids.then(|| Head::of(message).cursor);
        Ok(self.framing.message(&json, cursor.as_deref()))
    }

    /// All frames; an error becomes the last one. Dropping them drops the call.
    fn frames(self) -> impl Stream<Item = Bytes> {
        stream::unfold(Some(self), |rest| async move {
            let mut rest = rest?;
            match rest.step().await {
                Ok(None) => None,
                Ok(Some(frame)) => Some((frame, Some(rest))),
                Err(status) => Some((rest.framing.error(&rest.errors.json(&status)), None)),
            }
        })
    }

    /// The next frame; after the goodbye comes its status.
    async fn step(&mut self) -> Result<Option<Bytes>, Status> {
        match self.next().await? {
            Next::Message(message) => self.frame(&message).map(Some),
            Next::End => Ok(None),
            Next::Goodbye => self.goodbye(),
        }
    }

    fn goodbye(&mut self) -> Result<Option<Bytes>, Status> {
        match &self.farewell {
            None => Ok(None),
            Some(farewell) if farewell.is_said() => Err(farewell.status(Reason::Draining)),
            Some(farewell) => {
                let message = farewell.message(Reason::Draining, tickmesh_mesh::clock::now());
                self.frame(&message.encode_to_vec()).map(Some)
            }
        }
    }

    async fn next(&mut self) -> Result<Next, Status> {
        if self.is_ending {
            return Ok(Next::Goodbye);
        }
        tokio::select! {
            message = self.responses.message() => Ok(message?.map_or(Next::End, Next::Message)),
            _ = &mut self.ending, if self.farewell.is_some() => {
                self.is_ending = true;
                Ok(Next::Goodbye)
            }
        }
    }
}
