//! One channel's updates, across the ends of the streams behind it.
//!
//! A stream that ends on purpose (`EndOfStream`) or by a lost connection is called again after a jittered delay, from
//! its last cursor, so that its client sees neither a repeat nor a hole. Any other error ends the channel.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use prost_reflect::{DynamicMessage, Value};
use tickmesh_mesh::client::{Backoff, is_lost};
use tickmesh_mesh::status::Fault;
use tonic::{Code, Status, Streaming};

use super::Channel;
use super::channel::Feeds;
use crate::contract::Method;
use crate::live::Head;
use crate::upstreams::Upstreams;

/// When a lost part may be back; the gateway tries by itself.
const RETRY: Duration = Duration::from_secs(1);

/// What a channel has to say.
pub(super) enum Update {
    /// A response message in JSON.
    Data(Vec<u8>),
    /// Why there is nothing more, or nothing for now (UNAVAILABLE).
    Error(Status),
}

/// The updates of a channel; they end after an error that following cannot mend.
pub(super) fn follow(
    feeds: &Feeds,
    channel: Channel,
    request: DynamicMessage,
) -> Result<impl Stream<Item = Update> + Send + use<>, Fault> {
    let method = Arc::clone(feeds.method(channel));
    let backoff = feeds.upstreams().for_call(&method, &request)?.backoff();
    let upstreams = feeds.upstreams().clone();
    let follower = Follower { method, upstreams, request, backoff, state: State::Opening, is_lost: false };
    Ok(stream::unfold(follower, |mut follower| async move { follower.next().await.map(|update| (update, follower)) }))
}

struct Follower {
    method: Arc<Method>,
    upstreams: Upstreams,
    /// The client's request; after the first cursor it asks to go on from there.
    request: DynamicMessage,
    backoff: Backoff,
    state: State,
    /// The client knows that the part behind the channel is lost.
    is_lost: bool,
}

enum State {
    Opening,
    Reading(Box<Streaming<Bytes>>),
    Waiting,
    Over,
}

impl Follower {
    async fn next(&mut self) -> Option<Update> {
        loop {
            let update = match &mut self.state {
                State::Over => return None,
                State::Waiting => self.wait().await,
                State::Opening => self.open().await,
                State::Reading(messages) => match messages.message().await {
                    Ok(Some(message)) => self.received(&message),
                    Ok(None) => self.ended(),
                    Err(status) => self.failed(status),
                },
            };
            if update.is_some() {
                return update;
            }
        }
    }

    async fn wait(&mut self) -> Option<Update> {
        self.backoff.wait().await;
        self.state = State::Opening;
        None
    }

    async fn open(&mut self) -> Option<Update> {
        match self.upstreams.server_stream(&self.method, &self.request).await {
            Ok(messages) => {
                self.state = State::Reading(Box::new(messages));
                None
            }
            Err(status) => self.failed(status),
        }
    }

    fn received(&mut self, message: &[u8]) -> Option<Update> {
        match self.method.renderer().json(message) {
            Ok(json) => self.forward(Head::of(message), json),
            Err(fault) => self.over(fault.into()),
        }
    }

    fn forward(&mut self, head: Head, json: Vec<u8>) -> Option<Update> {
        self.remember(head.cursor);
        if let Some(end) = head.end_of_stream {
            self.remember(end.cursor);
            return self.ended();
        }
        self.backoff.reset();
        self.is_lost = false;
        Some(Update::Data(json))
    }

    /// From now on the request asks for what comes after `cursor`, and rather for a marked gap than for a refusal.
    fn remember(&mut self, cursor: String) {
        if cursor.is_empty() {
            return;
        }
        self.request.set_field_by_name("resume_after", Value::String(cursor));
        self.request.set_field_by_name("best_effort", Value::Bool(true));
        self.request.clear_field_by_name("start_time");
    }

    /// The stream has ended on purpose.
    fn ended(&mut self) -> Option<Update> {
        self.state = State::Waiting;
        None
    }

    fn failed(&mut self, status: Status) -> Option<Update> {
        if !is_lost(&status) {
            return self.over(status);
        }
        self.state = State::Waiting;
        let is_news = !std::mem::replace(&mut self.is_lost, true);
        is_news.then(|| Update::Error(if status.code() == Code::Unavailable { status } else { lost() }))
    }

    fn over(&mut self, status: Status) -> Option<Update> {
        self.state = State::Over;
        Some(Update::Error(status))
    }
}

fn lost() -> Status {
    Fault::unavailable("UPSTREAM_LOST", "the connection to the part behind this channel is lost", RETRY).into()
}
