//! Streams over a real HTTP/2 connection, in memory: what flow control makes of a client that does not read.

use std::convert::Infallible;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tickmesh_proto::Encoded;
use tickmesh_proto::market::v1::StreamBarsRequest;
use tokio::time::sleep;
use tonic::server::{Grpc, ServerStreamingService};
use tonic::{Request, Response};
use tonic_prost::ProstCodec;

use super::*;

/// What a client may be sent before it reads, in bytes.
const STREAM_WINDOW: u32 = 65_535;

#[derive(Clone)]
struct StreamBars(Topic);

impl ServerStreamingService<StreamBarsRequest> for StreamBars {
    type Response = Encoded<StreamBarsResponse>;
    type ResponseStream = EncodedMessages<StreamBarsResponse>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<StreamBarsRequest>) -> Self::Future {
        let StreamBarsRequest { symbols, resume_after, .. } = request.into_inner();
        let fields = Fields { symbols, resume_after, ..Fields::default() };
        let open = |fields| self.0.subscribe(Subscription::parse(fields, Delivery::All)?, std::future::pending::<()>());
        std::future::ready(open(fields).map(|messages| Response::new(messages.encoded())).map_err(Status::from))
    }
}

/// The body of a call to a server of its own.
async fn call(topic: &Topic, request: StreamBarsRequest) -> Reader {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let bars = StreamBars(topic.clone());
    let serve = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let bars = bars.clone();
        async move {
            let mut grpc = Grpc::new(ProstCodec::<Encoded<StreamBarsResponse>, StreamBarsRequest>::default());
            Ok::<_, Infallible>(grpc.server_streaming(bars, request).await)
        }
    });
    let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    tokio::spawn(server.max_send_buf_size(64 * 1024).serve_connection(TokioIo::new(far), serve));
    let mut client = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let client = client.initial_stream_window_size(STREAM_WINDOW);
    let (mut requests, connection) = client.handshake(TokioIo::new(near)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post("http://market/").body(Full::new(framed(&request))).unwrap();
    Reader { body: requests.send_request(request).await.unwrap().into_body(), rest: BytesMut::new(), read: 0 }
}

fn framed(request: &StreamBarsRequest) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(request.encoded_len() as u32);
    request.encode(&mut frame).unwrap();
    frame.freeze()
}

/// Reads gRPC messages off a body.
struct Reader {
    body: Incoming,
    rest: BytesMut,
    read: usize,
}

impl Reader {
    /// The next message, or the status in the trailers.
    async fn next(&mut self) -> Result<StreamBarsResponse, Status> {
        loop {
            if let Some(message) = self.take() {
                return Ok(message);
            }
            let frame = self.body.frame().await.expect("trailers come before the end").unwrap();
            match frame.into_data() {
                Ok(data) => {
                    self.read += data.len();
                    self.rest.extend_from_slice(&data);
                }
                Err(frame) => return Err(Status::from_header_map(frame.trailers_ref().unwrap()).unwrap()),
            }
        }
    }

    fn take(&mut self) -> Option<StreamBarsResponse> {
        let len = u32::from_be_bytes(*self.rest.get(1..5)?.first_chunk()?) as usize;
        let whole = self.rest.len() >= 5 + len;
        whole.then(|| {
            self.rest.advance(5);
            StreamBarsResponse::decode(self.rest.split_to(len)).unwrap()
        })
    }

    /// The numbers of the events until there are `count` of them, and the last cursor.
    async fn events(&mut self, count: usize) -> Vec<u64> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(self.next().await.unwrap().bars.iter().map(|bar| bar.volume as u64));
        }
        events
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_reading_is_ended_alone_and_can_go_on() {
    let market = Market::new();
    let mut stalled = call(&market.topic, StreamBarsRequest::default()).await;
    let mut other = call(&market.topic, StreamBarsRequest::default()).await;
    assert!(stalled.next().await.is_ok());
    sleep(Duration::from_secs(1)).await;
    let reading = tokio::spawn(async move { other.events(1_000).await });
    for _ in 0..10 {
        market.publish_padded(100, 1_000);
        sleep(Duration::from_secs(5)).await;
    }
    assert_eq!(reading.await.unwrap(), (1..=1_000).collect::<Vec<_>>(), "the other one is not held up");
    let (mut events, mut cursor) = (Vec::new(), String::new());
    let status = loop {
        match stalled.next().await {
            Ok(message) => {
                events.extend(message.bars.iter().map(|bar| bar.volume as u64));
                cursor = message.cursor;
            }
            Err(status) => break status,
        }
    };
    let fault = Fault::from(status);
    assert_eq!((fault.reason(), fault.metadata("cursor")), ("SLOW_CONSUMER", Some(cursor.as_str())));
    assert!(stalled.read < 256 * 1024, "{} bytes were held for it", stalled.read);
    let resumed = StreamBarsRequest { resume_after: cursor, ..StreamBarsRequest::default() };
    let missing = 1_000 - events.len();
    events.extend(call(&market.topic, resumed).await.events(missing).await);
    assert_eq!(events, (1..=1_000).collect::<Vec<_>>());
}
