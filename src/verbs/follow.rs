//! A live stream followed across its ends: one that a server ends on purpose, or that is lost, is called again and goes on
//! after its last cursor.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{Stream, stream};
use tickmesh_mesh::client::is_lost;
use tickmesh_proto::market::v1::{StreamTicksResponse, stream_ticks_response as ticks};
use tickmesh_proto::model::v1::{StreamSignalsResponse, stream_signals_response as signals};
use tickmesh_proto::portfolio::v1::{StreamAllocationsResponse, stream_allocations_response as allocations};
use tickmesh_proto::r#type::v1::Ack;
use tonic::{Status, Streaming};

/// Between two calls of a stream that is lost.
const PAUSE: Duration = Duration::from_secs(1);

/// As often is a lost stream called before it is given up: a mesh that starts anew is there within half a minute.
const ATTEMPTS: u32 = 30;

/// What following needs of a message.
pub(super) trait Message: Send + 'static {
    /// Where the stream stands after it; empty if it moves nothing.
    fn cursor(&self) -> &str;
    /// The stream's terms.
    fn ack(&self) -> Option<&Ack>;
    /// The stream ends here on purpose.
    fn is_end(&self) -> bool;
}

macro_rules! messages {
    ($($message:ty, $controls:ident;)*) => {$(
        impl Message for $message {
            fn cursor(&self) -> &str {
                &self.cursor
            }

            fn ack(&self) -> Option<&Ack> {
                match &self.control {
                    Some($controls::Control::Ack(ack)) => Some(ack),
                    _ => None,
                }
            }

            fn is_end(&self) -> bool {
                matches!(self.control, Some($controls::Control::EndOfStream(_)))
            }
        }
    )*};
}

messages! {
    StreamTicksResponse, ticks;
    StreamSignalsResponse, signals;
    StreamAllocationsResponse, allocations;
}

/// What calls a stream that goes on after a cursor, or begins if that is empty.
pub(super) type Call<M> = Box<dyn Fn(String) -> BoxFuture<'static, Result<Streaming<M>, Status>> + Send>;

struct Follower<M> {
    call: Call<M>,
    cursor: String,
    messages: Option<Streaming<M>>,
    /// Calls in a row that brought nothing.
    lost: u32,
}

/// The messages of a stream; they end after an error that calling again cannot mend.
pub(super) fn follow<M: Message>(call: Call<M>) -> impl Stream<Item = Result<M, Status>> {
    let follower = Follower { call, cursor: String::new(), messages: None, lost: 0 };
    stream::unfold(Some(follower), |follower| async {
        let mut follower = follower?;
        match follower.next().await {
            Ok(message) => Some((Ok(message), Some(follower))),
            Err(status) => Some((Err(status), None)),
        }
    })
}

impl<M: Message> Follower<M> {
    async fn next(&mut self) -> Result<M, Status> {
        loop {
            match self.step().await {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => self.messages = None,
                Err(status) => self.after(status).await?,
            }
        }
    }

    /// The next message; `None` at the stream's end.
    async fn step(&mut self) -> Result<Option<M>, Status> {
        let messages = match &mut self.messages {
            Some(messages) => messages,
            None => self.messages.insert((self.call)(self.cursor.clone()).await?),
        };
        let Some(message) = messages.message().await? else { return Ok(None) };
        self.lost = 0;
        if !message.cursor().is_empty() {
            self.cursor = message.cursor().to_owned();
        }
        Ok(Some(message).filter(|message| !message.is_end()))
    }

    /// Waits until a lost stream may be called again.
    async fn after(&mut self, status: Status) -> Result<(), Status> {
        self.messages = None;
        self.lost += 1;
        if !is_lost(&status) || self.lost > ATTEMPTS {
            return Err(status);
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}
