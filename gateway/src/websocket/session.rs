//! One socket's life.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, Stream, StreamExt as _};
use prost_reflect::DynamicMessage;
use tickmesh_mesh::serve::Ending;
use tickmesh_mesh::status::Fault;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tokio_stream::StreamMap;
use tonic::Status;

use super::channel::Feeds;
use super::close::Close;
use super::follow::{Update, follow};
use super::{Channel, MAX_MESSAGE_BYTES, frame, request};
use crate::transcode::error::ErrorResponse;

/// How often a client is pinged.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long a client may say nothing, not even the answer to a ping: 2.5 intervals.
const LONGEST_SILENCE: Duration = Duration::from_secs(50);

/// How long a client may take nothing. A little longer than a service's own limit, whose refusal is worth sending.
const LONGEST_STALL: Duration = Duration::from_secs(40);

/// How long the last frame may take.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// Messages of the client that wait while its socket takes nothing; then it is not read either.
const WAITING_MESSAGES: usize = 4;

type Updates = Pin<Box<dyn Stream<Item = Update> + Send>>;

/// What a socket has asked for, and the streams that answer it.
pub(super) struct Session {
    feeds: Feeds,
    errors: ErrorResponse,
    streams: StreamMap<Channel, Updates>,
    /// The request of each running stream, so that asking again for the same changes nothing.
    requests: HashMap<Channel, DynamicMessage>,
}

impl Session {
    pub(super) fn new(feeds: Feeds, errors: ErrorResponse) -> Self {
        Self { feeds, errors, streams: StreamMap::new(), requests: HashMap::new() }
    }

    /// Serves a socket until either side or `ending` ends it, then says why.
    pub(super) async fn run(mut self, socket: WebSocket, mut ending: Ending) {
        let (mut sink, source) = socket.split();
        let (messages, waiting) = mpsc::channel(WAITING_MESSAGES);
        let close = tokio::select! {
            close = listen(source, messages) => close,
            close = self.serve(&mut sink, waiting) => close,
            _ = &mut ending => Close::Draining,
        };
        drop(self); // upstream calls end before the goodbye
        if let Some(frame) = close.frame() {
            // A client that does not take its goodbye is closed all the same.
            let _ = timeout(CLOSE_TIME, sink.send(Message::Close(Some(frame)))).await;
        }
        drop(ending); // a drain waits for the goodbye
    }

    async fn serve(&mut self, sink: &mut SplitSink<WebSocket, Message>, mut waiting: mpsc::Receiver<String>) -> Close {
        let mut pings = pin!(interval(PING_INTERVAL));
        loop {
            let frames = tokio::select! {
                message = waiting.recv() => match message {
                    Some(message) => self.change(&message),
                    None => return Close::Gone,
                },
                Some((channel, update)) = self.streams.next() => vec![self.frame(channel, update)],
                _ = pings.tick() => vec![Message::Ping(bytes::Bytes::new())],
            };
            for frame in frames {
                match timeout(LONGEST_STALL, sink.send(frame)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return Close::Gone,
                    Err(_) => return Close::Stalled,
                }
            }
        }
    }

    fn frame(&self, channel: Channel, update: Update) -> Message {
        match update {
            Update::Data(json) => frame::data(channel.name(), &json),
            Update::Error(status) => frame::error(Some(channel.name()), &self.errors.json(&status)),
        }
    }

    /// Changes the streams to what a message asks for; returns the refusals.
    fn change(&mut self, message: &str) -> Vec<Message> {
        let wanted = match request::parse(message, &self.feeds) {
            Ok(wanted) => wanted,
            Err(fault) => return vec![self.refusal(None, fault)],
        };
        self.stop_all_but(|channel| wanted.channels.iter().any(|(wanted, _)| *wanted == channel));
        let mut refusals = Vec::new();
        for (name, fault) in wanted.unknown {
            refusals.push(self.refusal(Some(&name), fault));
        }
        for (channel, request) in wanted.channels {
            if let Err(fault) = request.and_then(|request| self.start(channel, request)) {
                refusals.push(self.refusal(Some(channel.name()), fault));
            }
        }
        refusals
    }

    fn stop_all_but(&mut self, is_wanted: impl Fn(Channel) -> bool) {
        for channel in Channel::ALL.into_iter().filter(|channel| !is_wanted(*channel)) {
            self.streams.remove(&channel);
            self.requests.remove(&channel);
        }
    }

    /// Starts a channel's stream unless it runs by the same request.
    fn start(&mut self, channel: Channel, request: DynamicMessage) -> Result<(), Fault> {
        if self.streams.contains_key(&channel) && self.requests.get(&channel) == Some(&request) {
            return Ok(());
        }
        let updates = follow(&self.feeds, channel, request.clone())?;
        self.streams.insert(channel, Box::pin(updates));
        self.requests.insert(channel, request);
        Ok(())
    }

    fn refusal(&self, channel: Option<&str>, fault: Fault) -> Message {
        frame::error(channel, &self.errors.json(&Status::from(fault)))
    }
}

/// Reads what the client sends until it ends.
async fn listen(mut source: SplitStream<WebSocket>, messages: mpsc::Sender<String>) -> Close {
    loop {
        let message = match timeout(LONGEST_SILENCE, source.next()).await {
            Err(_) => return Close::Silent,
            Ok(None) => return Close::Gone,
            Ok(Some(Err(error))) => return Close::of_read_error(&error),
            Ok(Some(Ok(message))) => message,
        };
        match message {
            Message::Text(text) if text.len() > MAX_MESSAGE_BYTES => return Close::TooLarge,
            Message::Text(text) if messages.send(text.as_str().to_owned()).await.is_err() => return Close::Gone,
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) => return Close::Binary,
            Message::Close(_) => return Close::Gone,
        }
    }
}
