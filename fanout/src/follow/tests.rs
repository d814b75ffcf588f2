use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use tickmesh_mesh::client::Backoff;
use tickmesh_proto::r#type::v1::{Ack, FeedState, Heartbeat};
use tokio::time::{Instant, timeout};
use tonic::{Code, Status};

use super::{Follow, Live, Message, Messages, Opening, Said, Told};

/// A stream that plays what a test wrote, one attempt after the other, and notes the cursors that it was opened with.
#[derive(Clone, Default)]
struct Script {
    attempts: Arc<Mutex<VecDeque<Attempt>>>,
    opened: Arc<Mutex<Vec<String>>>,
}

enum Attempt {
    Refused(Code),
    /// Opening takes this long.
    Opens(Duration, Vec<Message<u32>>, End),
    Hangs,
}

#[derive(Clone, Copy)]
enum End {
    With(Code),
    Silence,
}

impl Live for Script {
    type Event = u32;

    fn open(&self, resume_after: String) -> Opening<u32> {
        self.opened.lock().unwrap().push(resume_after);
        let attempt = self.attempts.lock().unwrap().pop_front().unwrap_or(Attempt::Hangs);
        async move {
            match attempt {
                Attempt::Refused(code) => Err(Status::new(code, "refused")),
                Attempt::Hangs => std::future::pending().await,
                Attempt::Opens(after, messages, end) => {
                    tokio::time::sleep(after).await;
                    Ok(played(messages, end))
                }
            }
        }
        .boxed()
    }
}

fn played(messages: Vec<Message<u32>>, end: End) -> Messages<u32> {
    let messages = stream::iter(messages).map(Ok);
    match end {
        End::With(code) => messages.chain(stream::iter([Err(Status::new(code, "the end"))])).boxed(),
        End::Silence => messages.chain(stream::pending()).boxed(),
    }
}

fn opens(messages: Vec<Message<u32>>, end: End) -> Attempt {
    Attempt::Opens(Duration::ZERO, messages, end)
}

fn ack(heartbeat: i64) -> Message<u32> {
    let heartbeat_interval = Some(prost_types::Duration { seconds: heartbeat, nanos: 0 });
    let ack = Ack { epoch: "one".into(), heartbeat_interval, ..Ack::default() };
    Message { cursor: String::new(), said: ack.into() }
}

fn event(number: u32, cursor: &str) -> Message<u32> {
    Message { cursor: cursor.into(), said: Said::Events(vec![number]) }
}

fn follow(attempts: impl IntoIterator<Item = Attempt>, cursor: &str) -> (Follow<Script>, Script) {
    let attempts = Arc::new(Mutex::new(attempts.into_iter().collect()));
    let script = Script { attempts, ..Script::default() };
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let cursor = (!cursor.is_empty()).then(|| cursor.to_owned());
    (Follow::new(script.clone(), "test", backoff, cursor), script)
}

impl Script {
    fn opened(&self) -> Vec<String> {
        self.opened.lock().unwrap().clone()
    }
}

async fn told(follow: &mut Follow<Script>, count: usize) -> Vec<Told<u32>> {
    let mut told = Vec::new();
    while told.len() < count {
        told.push(follow.next().await);
    }
    told
}

fn open() -> Told<u32> {
    Told::Open { epoch: "one".into(), resumed: false }
}

fn events(number: u32, cursor: &str) -> Told<u32> {
    Told::Events(vec![number], (!cursor.is_empty()).then(|| cursor.to_owned()))
}

#[tokio::test(start_paused = true)]
async fn goes_on_after_the_last_cursor() {
    let complete = Message { cursor: "a".into(), said: Said::SnapshotComplete };
    let beat = Heartbeat { feed_state: FeedState::Live.into(), ..Heartbeat::default() };
    let beat = Message { cursor: "b".into(), said: beat.into() };
    let first = vec![ack(5), event(1, ""), complete, event(2, "b"), beat];
    let second = vec![ack(5), event(3, "c")];
    let attempts = [opens(first, End::With(Code::Unavailable)), opens(second, End::Silence)];
    let (mut follow, script) = follow(attempts, "");
    let told = told(&mut follow, 8).await;
    assert_eq!(told[..4], [open(), events(1, ""), Told::CaughtUp("a".into()), events(2, "b")]);
    assert!(matches!(told[4], Told::Feed(feed) if feed.state == FeedState::Live));
    assert_eq!(told[5..], [Told::Broken, open(), events(3, "c")]);
    assert_eq!(script.opened(), ["", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_no_break_unless_the_stream_cannot_be_opened_again() {
    let goodbye = |cursor: &str| Message { cursor: cursor.into(), said: Said::EndOfStream };
    let attempts = [
        opens(vec![ack(5), goodbye("y")], End::With(Code::Unavailable)),
        opens(vec![ack(5), event(1, ""), goodbye("z")], End::With(Code::Unavailable)),
        Attempt::Refused(Code::Unavailable),
        opens(vec![ack(5)], End::With(Code::Unavailable)),
    ];
    let (mut follow, script) = follow(attempts, "");
    assert_eq!(told(&mut follow, 4).await, [open(), open(), events(1, ""), Told::Broken]);
    assert_eq!(told(&mut follow, 2).await, [open(), Told::Broken], "an end without a goodbye is a break");
    assert_eq!(script.opened(), ["", "y", "z", "z"]);
}

#[tokio::test(start_paused = true)]
async fn silence_of_two_and_a_half_of_its_heartbeats_is_death() {
    let (mut follow, _) = follow([opens(vec![ack(2), event(1, "a")], End::Silence)], "");
    told(&mut follow, 2).await;
    let heard = Instant::now();
    assert_eq!(follow.next().await, Told::Broken);
    assert_eq!(heard.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_not_answered_is_given_up() {
    let (mut follow, script) = follow([Attempt::Hangs, opens(vec![], End::Silence)], "");
    let began = Instant::now();
    assert_eq!(told(&mut follow, 2).await, [Told::Broken, Told::Broken], "not opened, then opened without a word");
    assert!((25..26).contains(&began.elapsed().as_secs()));
    assert_eq!(script.opened().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_refused_is_let_go_once() {
    for code in [Code::OutOfRange, Code::InvalidArgument] {
        let attempts = [Attempt::Refused(code), Attempt::Refused(code), opens(vec![ack(5)], End::Silence)];
        let (mut follow, script) = follow(attempts, "old");
        assert_eq!(told(&mut follow, 3).await, [Told::Lost, Told::Broken, open()], "{code:?}");
        assert_eq!(script.opened(), ["old", "", ""]);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_a_step_loses_nothing_and_prolongs_no_wait() {
    let second = Duration::from_secs(1);
    let messages = vec![ack(2), event(1, "a"), event(2, "b")];
    let attempts = [Attempt::Opens(3 * second, messages, End::Silence)];
    let (mut follow, script) = follow(attempts, "");
    let (mut told, began) = (Vec::new(), Instant::now());
    while told.last() != Some(&Told::Broken) {
        told.extend(timeout(Duration::from_millis(300), follow.next()).await);
    }
    assert_eq!(told, [open(), events(1, "a"), events(2, "b"), Told::Broken]);
    assert_eq!(began.elapsed().as_secs(), 3 + 5);
    assert_eq!(script.opened(), [""], "opened once, however often a step was dropped");
}
