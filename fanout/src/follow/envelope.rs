use std::time::Duration;

use tickmesh_proto::market::v1::{
    Bar, StreamBarsResponse, StreamTicksResponse, Tick, stream_bars_response, stream_ticks_response,
};
use tickmesh_proto::model::v1::{Signal, StreamSignalsResponse, stream_signals_response};
use tickmesh_proto::portfolio::v1::{Allocation, StreamAllocationsResponse, stream_allocations_response};
use tickmesh_proto::r#type::v1::{Ack, Heartbeat};
use tickmesh_proto::types::Timestamp;

use crate::topic::Feed;

/// One message of a live stream: the envelope that all four have.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<E> {
    /// The place after it; empty inside of a snapshot.
    pub cursor: String,
    /// What it says.
    pub said: Said<E>,
}

/// A control, or events.
#[derive(Clone, Debug, PartialEq)]
pub enum Said<E> {
    /// The terms.
    Ack {
        /// The log's identity.
        epoch: String,
        /// Whether it goes on after a cursor.
        resumed: bool,
        /// The longest silence that it keeps; none when it does not say.
        heartbeat: Option<Duration>,
    },
    /// The snapshot is complete.
    SnapshotComplete,
    /// How the feed behind it does.
    Heartbeat(Feed),
    /// Events were lost.
    Gap,
    /// It ends, politely.
    EndOfStream,
    /// Events.
    Events(Vec<E>),
}

impl<E> From<Ack> for Said<E> {
    fn from(ack: Ack) -> Self {
        let heartbeat = ack.heartbeat_interval.and_then(|interval| Duration::try_from(interval).ok());
        Self::Ack { epoch: ack.epoch, resumed: !ack.resume_after.is_empty(), heartbeat }
    }
}

impl<E> From<Heartbeat> for Said<E> {
    fn from(beat: Heartbeat) -> Self {
        let market_time = beat.market_time.and_then(|time| Timestamp::try_from(time).ok());
        Self::Heartbeat(Feed { state: beat.feed_state(), market_time })
    }
}

/// Writes the `From` of one response type: their oneofs differ in nothing but their names.
macro_rules! envelope {
    ($response:ty, $control:path, $events:ident, $event:ty) => {
        impl From<$response> for Message<$event> {
            fn from(response: $response) -> Self {
                use $control as Control;
                let said = match response.control {
                    None => Said::Events(response.$events),
                    Some(Control::Ack(ack)) => ack.into(),
                    Some(Control::SnapshotComplete(_)) => Said::SnapshotComplete,
                    Some(Control::Heartbeat(beat)) => beat.into(),
                    Some(Control::Gap(_)) => Said::Gap,
                    Some(Control::EndOfStream(_)) => Said::EndOfStream,
                };
                Self { cursor: response.cursor, said }
            }
        }
    };
}

envelope!(StreamTicksResponse, stream_ticks_response::Control, ticks, Tick);
envelope!(StreamBarsResponse, stream_bars_response::Control, bars, Bar);
envelope!(StreamSignalsResponse, stream_signals_response::Control, signals, Signal);
envelope!(StreamAllocationsResponse, stream_allocations_response::Control, allocations, Allocation);
