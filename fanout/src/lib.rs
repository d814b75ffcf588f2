//! The event log and the rules of every live stream, once for StreamTicks, StreamBars, StreamSignals and
//! StreamAllocations.
//!
//! An event is encoded once, by its owner, and [appended](log::Log::append) to a [`Log`](log::Log): it is then in a
//! file. [Publishing](log::Log::publish) makes it visible and wakes the subscribers. A subscriber is a cursor into the
//! log: its message is a head of about 50 bytes, written for it alone, and events copied out of the log as they are.
//! Filters, batches and conflation choose *which* bytes are put one after the other; nothing is encoded again.
//!
//! A [`Topic`](topic::Topic) is one rpc over one log. Two topics can share a log: a bar inside of a tick is already the
//! encoding of a bar, so StreamTicks and StreamBars are two [views](topic::View) of the same events with the same
//! cursors. What only the domain knows, its [`Source`](topic::Source) says: which symbols there are, what the newest
//! values and the stored ones are, how the feed does.
//!
//! # A request's path
//!
//! [`Subscription::parse`](topic::Subscription::parse) checks the request's fields and names every bad one,
//! [`Topic::subscribe`](topic::Topic::subscribe) resolves the cursor, and the stream of
//! [`Messages`](topic::Messages) then answers by the nine rules: Ack, snapshot or history, updates, heartbeats,
//! EndOfStream.
//!
//! [`follow`] is the other end: a client that keeps its side of the rules.
//!
//! ```
//! use std::sync::Arc;
//!
//! use futures_util::future::{BoxFuture, FutureExt};
//! use futures_util::StreamExt;
//! use prost::Message;
//! use tickmesh_fanout::Fault;
//! use tickmesh_fanout::log::{Log, LogConfig, Record};
//! use tickmesh_fanout::topic::{Feed, Fields, Joined, Source, Subscription, Topic, TopicConfig, Wanted};
//! use tickmesh_proto::market::v1::{Bar, StreamBarsResponse};
//! use tickmesh_proto::r#type::v1::{Delivery, FeedState};
//! use tickmesh_proto::types::{Symbol, Timestamp};
//!
//! struct Market(Log);
//!
//! impl Source for Market {
//!     fn knows(&self, symbol: &Symbol) -> bool {
//!         symbol.as_str() == "AAPL"
//!     }
//!     fn feed(&self) -> Feed {
//!         Feed { state: FeedState::Live, market_time: None }
//!     }
//!     fn snapshot<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Joined, Fault>> {
//!         async { Ok(self.0.snapshot(wanted)) }.boxed()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let log = Log::memory(LogConfig::default());
//! let config = TopicConfig::new("bars", || Timestamp::from_nanos(0), 7);
//! let topic = Topic::new(log.clone(), config, Arc::new(Market(log.clone())));
//!
//! let bar = Bar { symbol: "AAPL".into(), close: 151.5, ..Bar::default() };
//! let time = Timestamp::from_nanos(0);
//! let end = log.append(&[Record {
//!     symbol: "AAPL",
//!     kind: 1,
//!     time_frame: 1,
//!     event_time: time,
//!     receive_time: time,
//!     body: bar.encode_to_vec().into(),
//!     inner: None,
//! }])?;
//! log.publish(end);
//!
//! let subscription = Subscription::parse(Fields::default(), Delivery::All)?;
//! let mut stream = topic.subscribe(subscription, std::future::pending::<()>())?;
//! let ack = StreamBarsResponse::decode(stream.next().await.unwrap()?)?;
//! assert_eq!(ack.sequence, 1);
//! let snapshot = StreamBarsResponse::decode(stream.next().await.unwrap()?)?;
//! assert_eq!(snapshot.bars, [Bar { is_snapshot: true, ..bar }]);
//! # Ok(())
//! # }
//! ```

mod cursor;
pub mod follow;
pub mod log;
mod metrics;
pub mod topic;
mod wire;

pub use tickmesh_mesh::status::Fault;
