use futures_util::stream::BoxStream;
use tickmesh_fanout::topic::Feed;
use tickmesh_proto::r#type::v1::{Ack, Heartbeat};
use tickmesh_proto::types::Timestamp;
use tonic::Status;

/// The messages of an open stream.
pub(crate) type Messages<E> = BoxStream<'static, Result<Message<E>, Status>>;

/// A live stream that can be opened again and again.
pub(crate) trait Live: Send {
    /// What it delivers.
    type Event: Send + 'static;

    /// Opens it after a cursor; an empty one means from the snapshot on.
    fn open(&self, resume_after: String) -> impl Future<Output = Result<Messages<Self::Event>, Status>> + Send;
}

/// One message of a live stream: the envelope that all four have.
#[derive(Debug)]
pub(crate) struct Message<E> {
    pub(crate) cursor: String,
    pub(crate) said: Said<E>,
}

/// A control, or events.
#[derive(Debug)]
pub(crate) enum Said<E> {
    Ack { epoch: String, resumed: bool },
    SnapshotComplete,
    Heartbeat(Feed),
    Gap,
    EndOfStream,
    Events(Vec<E>),
}

impl<E> From<Ack> for Said<E> {
    fn from(ack: Ack) -> Self {
        Self::Ack { epoch: ack.epoch, resumed: !ack.resume_after.is_empty() }
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
        impl From<$response> for $crate::upstream::Message<$event> {
            fn from(response: $response) -> Self {
                use $control as Control;
                use $crate::upstream::Said;
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
pub(crate) use envelope;
