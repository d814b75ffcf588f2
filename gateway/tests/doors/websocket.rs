//! `/ws/realtime`.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::get;
use crate::harness::{Mesh, soon};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(mesh: &Mesh) -> Self {
        let (socket, _) = soon(connect_async(format!("ws://{}/ws/realtime", mesh.gateway))).await.unwrap();
        Self(socket)
    }

    async fn say(&mut self, message: Json) {
        soon(self.0.send(Message::text(message.to_string()))).await.unwrap();
    }

    /// The next message of the gateway; pings are answered by the library.
    async fn hear(&mut self) -> Json {
        loop {
            match soon(self.0.next()).await.expect("the socket is open").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message with data in `key` for `channel`, whatever other channels say meanwhile.
    async fn hear_of(&mut self, channel: &str, key: &str) -> Json {
        loop {
            let message = self.hear().await;
            if message["channel"] == channel && message["data"].get(key).is_some() {
                return message["data"][key].clone();
            }
        }
    }

    async fn closed(&mut self) -> CloseFrame {
        loop {
            match soon(self.0.next()).await.expect("a goodbye comes first") {
                Ok(Message::Close(Some(frame))) => return frame,
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_channel_carries_the_messages_of_its_stream() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    socket.say(json!({"symbols": ["AAPL"], "channels": ["ticks"]})).await;
    let ack = socket.hear().await;
    assert_eq!(ack["channel"], "ticks");
    assert_eq!(ack["data"]["ack"]["acceptedSymbols"], json!(["AAPL"]));
    assert_eq!(socket.hear().await["data"]["ticks"], json!([{"symbol": "AAPL"}]));
}

#[tokio::test]
async fn a_cursor_resumes() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    socket.say(json!({"symbols": ["AAPL"], "channels": ["ticks"], "resume_after": {"ticks": "c1"}})).await;
    assert_eq!(socket.hear_of("ticks", "ack").await["resumeAfter"], "c1");
    assert_eq!(socket.hear_of("ticks", "cursor").await, "c2");
}

#[tokio::test]
async fn channels_change_in_place() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    socket.say(json!({"symbols": ["AAPL"], "channels": ["ticks"]})).await;
    socket.hear_of("ticks", "ack").await;
    socket.say(json!({"symbols": ["NVDA"], "channels": ["ticks"]})).await;
    while socket.hear_of("ticks", "ack").await["acceptedSymbols"] != json!(["NVDA"]) {}
    soon(mesh.market.open_streams(1)).await;
    socket.say(json!({"channels": []})).await;
    soon(mesh.market.open_streams(0)).await;
}

#[tokio::test]
async fn asking_for_the_same_again_changes_nothing() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    let wanted = json!({"symbols": ["AAPL"], "channels": ["ticks"]});
    socket.say(wanted.clone()).await;
    socket.hear_of("ticks", "cursor").await;
    socket.say(wanted).await;
    socket.say(json!({"symbols": ["AAPL"], "channels": ["ticks", "news"]})).await;
    assert_eq!(socket.hear().await["channel"], "news", "no second Ack comes before the refusal");
}

#[tokio::test]
async fn refusals_say_what_they_refuse() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    socket.say(json!({"channels": ["ticks"], "simbols": ["AAPL"]})).await;
    let refusal = socket.hear().await;
    assert_eq!((&refusal["channel"], &refusal["error"]["code"]), (&Json::Null, &json!(3)));
    socket.say(json!({"channels": ["news"]})).await;
    let refusal = socket.hear().await;
    assert_eq!((&refusal["channel"], &refusal["error"]["code"]), (&json!("news"), &json!(3)));
    socket.say(json!({"channels": ["ticks"], "symbols": ["EARLY"]})).await;
    let refusal = socket.hear().await;
    assert_eq!(
        (&refusal["channel"], &refusal["error"]["details"][0]["reason"]),
        (&json!("ticks"), &json!("CURSOR_EXPIRED"))
    );
}

#[tokio::test]
async fn the_end_of_a_stream_is_followed_without_hole_or_repeat() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    socket.say(json!({"symbols": ["ENDS"], "channels": ["ticks"]})).await;
    assert_eq!(socket.hear().await["data"]["ack"].get("resumeAfter"), None);
    assert_eq!(socket.hear().await["data"]["cursor"], "c1");
    assert_eq!(socket.hear().await["data"]["ack"]["resumeAfter"], "c1", "the gateway has called again by itself");
    assert_eq!(socket.hear().await["data"]["cursor"], "c2");
}

#[tokio::test]
async fn a_lost_part_is_told_once() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    socket.say(json!({"symbols": ["AAPL"], "channels": ["allocations"]})).await;
    let lost = socket.hear().await;
    assert_eq!((&lost["channel"], &lost["error"]["code"]), (&json!("allocations"), &json!(14)));
    tokio::time::sleep(std::time::Duration::from_millis(400)).await; // several attempts fail meanwhile
    socket.say(json!({"symbols": ["AAPL"], "channels": ["allocations", "ticks"]})).await;
    assert_eq!(socket.hear().await["channel"], "ticks");
}

#[tokio::test]
async fn a_socket_is_closed_with_a_code_and_a_reason() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    soon(socket.0.send(Message::binary(vec![1]))).await.unwrap();
    let frame = socket.closed().await;
    assert_eq!((u16::from(frame.code), frame.reason.starts_with("BINARY")), (1003, true));
    for size in [65 * 1024, 200 * 1024] {
        let mut socket = Socket::open(&mesh).await;
        soon(socket.0.send(Message::text("x".repeat(size)))).await.unwrap();
        let frame = socket.closed().await;
        assert_eq!((u16::from(frame.code), frame.reason.starts_with("TOO_LARGE")), (1009, true), "{size}");
    }
}

#[tokio::test]
async fn streams_end_with_their_socket() {
    let mesh = Mesh::start().await;
    let mut socket = Socket::open(&mesh).await;
    socket.say(json!({"symbols": ["AAPL"], "channels": ["ticks"]})).await;
    socket.hear_of("ticks", "ack").await;
    soon(mesh.market.open_streams(1)).await;
    drop(socket);
    soon(mesh.market.open_streams(0)).await;
}

#[tokio::test]
async fn places_are_limited() {
    let mesh = Mesh::start().await;
    let _first = Socket::open(&mesh).await;
    let second = Socket::open(&mesh).await;
    let refused = connect_async(format!("ws://{}/ws/realtime", mesh.gateway)).await;
    assert!(refused.unwrap_err().to_string().contains("429"));
    drop(second);
    soon(async { while connect_async(format!("ws://{}/ws/realtime", mesh.gateway)).await.is_err() {} }).await;
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let mesh = Mesh::start().await;
    let answer = get(&mesh, "/ws/realtime").await;
    assert_eq!((answer.status.as_u16(), answer.violations()), (426, vec!["upgrade".to_owned()]));
}

/// The socket's own buffers in the kernel hold a few MiB; what is beyond them must wait at the service.
#[tokio::test]
async fn a_browser_that_reads_nothing_holds_nothing_and_delays_nobody() {
    let mesh = Mesh::start().await;
    let mut slow = Socket::open(&mesh).await;
    slow.say(json!({"channels": ["bars"]})).await;
    let large = soon(mesh.market.large_messages_when_still()).await;
    assert!(large * 60_000 < 32 << 20, "{large} messages of 60 kB were taken for a socket that is not read");
    let mut other = Socket::open(&mesh).await;
    other.say(json!({"symbols": ["AAPL"], "channels": ["ticks"]})).await;
    assert_eq!(other.hear_of("ticks", "cursor").await, "c1");
}
