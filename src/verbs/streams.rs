//! The live streams of `watch`, each followed across its ends as the services follow one another.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use tickmesh_fanout::follow::{Follow, Live, Message, Opening, Said, Told};
use tickmesh_mesh::client::{Backoff, is_lost};
use tickmesh_mesh::status::Fault;
use tickmesh_proto::r#type::v1::RejectedSymbol;
use tonic::{Code, Response, Status, Streaming};
use tonic_types::StatusExt as _;

use super::watch::Event;

/// As often in a row is a lost stream called again before it is given up: a mesh that starts anew is there within half
/// a minute, which so many pauses take.
const ATTEMPTS: u32 = 30;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a stream has to show.
#[derive(Debug)]
pub(super) enum Update {
    Event(Box<Event>),
    /// The symbols, maybe none, that it does not have.
    Refused(Vec<RejectedSymbol>),
    /// Something has happened to the stream of that name.
    Note(&'static str, Note),
}

/// What may happen to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// It is lost, and called again.
    Lost,
    /// It is back.
    Back,
    /// Events were lost, and it goes on from a snapshot.
    Missed,
}

/// An update, or why calling again cannot mend the stream: following goes on after anything else.
type Heard = Result<Update, Status>;

/// The messages of one call.
pub(super) type Messages = BoxStream<'static, Result<Message<Heard>, Status>>;

/// What calls a stream that goes on after a cursor, or begins if that is empty.
pub(super) type Call = Box<dyn Fn(String) -> BoxFuture<'static, Result<Messages, Status>> + Send>;

struct Source(Call);

impl Live for Source {
    type Event = Heard;

    fn open(&self, resume_after: String) -> Opening<Heard> {
        let has_cursor = !resume_after.is_empty();
        let opening = (self.0)(resume_after);
        async move {
            let messages = opening.await.unwrap_or_else(|status| stream::iter([Err(status)]).boxed());
            Ok(messages.map(move |message| message.or_else(|status| unless_followed(status, has_cursor))).boxed())
        }
        .boxed()
    }
}

/// An error that following cannot mend is the last thing that a stream has to say. A refused cursor can be mended: the
/// stream begins anew. So can whatever says when to come back, as to a reader that was too slow.
fn unless_followed(status: Status, has_cursor: bool) -> Result<Message<Heard>, Status> {
    let is_cursor_refused = has_cursor && matches!(status.code(), Code::OutOfRange | Code::InvalidArgument);
    let may_come_back = is_lost(&status) || status.get_details_retry_info().is_some();
    if may_come_back || is_cursor_refused { Err(status) } else { Ok(alone(Err(status))) }
}

fn alone(heard: Heard) -> Message<Heard> {
    Message { cursor: String::new(), said: Said::Events(vec![heard]) }
}

/// The messages of a response. `refused` reads the symbols that a message refuses, if it says anything of them.
pub(super) fn messages<R, E: 'static>(
    response: Response<Streaming<R>>,
    event: fn(E) -> Event,
    refused: fn(&R) -> Option<Vec<RejectedSymbol>>,
) -> Messages
where
    R: Send + 'static,
    Message<E>: From<R>,
{
    let both = move |message: R| {
        let refused = refused(&message).map(|refused| Ok(alone(Ok(Update::Refused(refused)))));
        let Message { cursor, said } = Message::from(message);
        stream::iter(refused.into_iter().chain([Ok(Message { cursor, said: heard(said, event) })]))
    };
    let messages = response.into_inner();
    messages
        .flat_map(move |message| message.map_or_else(|status| stream::iter([Err(status)]).boxed(), |m| both(m).boxed()))
        .boxed()
}

fn heard<E>(said: Said<E>, event: fn(E) -> Event) -> Said<Heard> {
    match said {
        Said::Events(events) => Said::Events(events.into_iter().map(|e| Ok(Update::Event(event(e).into()))).collect()),
        Said::Ack { epoch, resumed, heartbeat } => Said::Ack { epoch, resumed, heartbeat },
        Said::SnapshotComplete => Said::SnapshotComplete,
        Said::Heartbeat(feed) => Said::Heartbeat(feed),
        Said::Gap => Said::Gap,
        Said::EndOfStream => Said::EndOfStream,
    }
}

/// The updates of a stream, those of one message together; they end after an error that calling again cannot mend.
pub(super) fn followed(name: &'static str, call: Call) -> impl Stream<Item = Result<Vec<Update>, Status>> + Send {
    followed_with(name, call, Backoff::new(FIRST_PAUSE, LONGEST_PAUSE))
}

fn followed_with(
    name: &'static str,
    call: Call,
    backoff: Backoff,
) -> impl Stream<Item = Result<Vec<Update>, Status>> + Send {
    let follower = Follower { name, follow: Follow::new(Source(call), name, backoff, None), broken: 0 };
    stream::unfold(Some(follower), |follower| async {
        let mut follower = follower?;
        let updates = follower.next().await;
        let follower = updates.is_ok().then_some(follower);
        Some((updates, follower))
    })
}

struct Follower {
    name: &'static str,
    follow: Follow<Source>,
    /// Calls in a row that did not open.
    broken: u32,
}

impl Follower {
    async fn next(&mut self) -> Result<Vec<Update>, Status> {
        loop {
            match self.follow.next().await {
                Told::Events(heard, _) => return heard.into_iter().collect(),
                Told::Open { .. } if std::mem::take(&mut self.broken) > 0 => return Ok(self.note(Note::Back)),
                Told::Lost => return Ok(self.note(Note::Missed)),
                Told::Broken if self.broken == ATTEMPTS => return Err(given_up(self.name)),
                Told::Broken => {
                    self.broken += 1;
                    if self.broken == 1 {
                        return Ok(self.note(Note::Lost));
                    }
                }
                Told::Open { .. } | Told::CaughtUp(_) | Told::Feed(_) => {}
            }
        }
    }

    fn note(&self, note: Note) -> Vec<Update> {
        vec![Update::Note(self.name, note)]
    }
}

fn given_up(name: &str) -> Status {
    let text = format!("the stream of {name} is lost, and so were {ATTEMPTS} calls after it");
    Fault::unavailable("STREAM_LOST", text, LONGEST_PAUSE).into()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tickmesh_proto::market::v1::Tick;

    use super::*;

    type Cursors = Arc<Mutex<Vec<String>>>;

    /// A stream that notes the cursors it is called with, and answers by how many calls there were before.
    fn script(
        answer: impl Fn(usize) -> Vec<Result<Message<Heard>, Status>> + Send + 'static,
    ) -> (impl Stream<Item = Result<Vec<Update>, Status>> + Send, Cursors) {
        let cursors = Cursors::default();
        let noted = Arc::clone(&cursors);
        let call: Call = Box::new(move |cursor| {
            let mut noted = noted.lock().unwrap();
            noted.push(cursor);
            let messages = answer(noted.len() - 1);
            async move { Ok(stream::iter(messages).boxed()) }.boxed()
        });
        (followed_with("ticks", call, Backoff::new(Duration::ZERO, Duration::ZERO)), cursors)
    }

    fn tick(cursor: &str) -> Result<Message<Heard>, Status> {
        let tick = Ok(Update::Event(Event::Tick(Tick::default()).into()));
        Ok(Message { cursor: cursor.to_owned(), said: Said::Events(vec![tick]) })
    }

    #[tokio::test]
    async fn a_stream_goes_on_after_its_cursor_and_begins_anew_where_that_is_refused() {
        let (stream, cursors) = script(|before| match before {
            0 => vec![tick("c1"), Err(Status::unavailable("draining"))],
            1 => vec![Err(Status::out_of_range("too old"))],
            _ => vec![tick("c2"), Err(Status::permission_denied("not yours"))],
        });
        let updates: Vec<_> = Box::pin(stream).collect().await;
        let [Ok(_), Ok(lost), Ok(missed), Ok(_), Err(status)] = &updates[..] else { panic!("{updates:?}") };
        assert!(matches!(lost[..], [Update::Note("ticks", Note::Lost)]));
        assert!(matches!(missed[..], [Update::Note("ticks", Note::Missed)]), "never in silence");
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(*cursors.lock().unwrap(), ["", "c1", ""]);
    }

    #[tokio::test]
    async fn a_reader_that_was_too_slow_goes_on_after_its_cursor() {
        let slow = || {
            let code = tickmesh_mesh::status::Code::ResourceExhausted;
            Status::from(Fault::new(code, "SLOW_CONSUMER", "too slow").retry_after(FIRST_PAUSE))
        };
        let (stream, cursors) = script(move |before| match before {
            0 => vec![tick("c1"), Err(slow())],
            _ => vec![Err(Status::permission_denied("not yours"))],
        });
        drop(Box::pin(stream).collect::<Vec<_>>().await);
        assert_eq!(*cursors.lock().unwrap(), ["", "c1"]);
    }

    #[tokio::test]
    async fn what_is_refused_ends_at_once_and_what_is_lost_after_a_while() {
        let (stream, cursors) = script(|_| vec![Err(Status::invalid_argument("symbols[0] must be upper case"))]);
        let updates: Vec<_> = Box::pin(stream).collect().await;
        assert!(matches!(&updates[..], [Err(status)] if status.code() == Code::InvalidArgument));
        assert_eq!(cursors.lock().unwrap().len(), 1);
        let (stream, cursors) = script(|_| vec![Err(Status::unavailable("nobody is there"))]);
        let updates: Vec<_> = Box::pin(stream).collect().await;
        assert!(matches!(&updates[0], Ok(told) if matches!(told[..], [Update::Note("ticks", Note::Lost)])));
        assert!(matches!(&updates[1..], [Err(status)] if status.code() == Code::Unavailable));
        assert_eq!(cursors.lock().unwrap().len() as u32, ATTEMPTS + 1);
    }
}
