//! Stored bars of many symbols come in order of time, each once.

use market_svc::Synthetic;
use tickmesh_proto::market::v1::stream_bars_response::Control;
use tickmesh_proto::market::v1::{Bar, BatchListBarsRequest, StreamBarsRequest};

use crate::harness::{Service, soon};

const MANY: Synthetic = Synthetic { symbols: 1_000, ticks: 1, history: 20, seed: 7 };

fn key(bar: &Bar) -> (i64, &str) {
    (bar.open_time.unwrap().seconds, &bar.symbol)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_the_history_of_a_thousand_symbols_in_order_and_then_goes_on() {
    let mut service = Service::started(MANY).await;
    let request =
        StreamBarsRequest { start_time: Some(prost_types::Timestamp::default()), ..StreamBarsRequest::default() };
    let mut stream = soon(service.market.stream_bars(request)).await.unwrap().into_inner();
    let mut bars: Vec<Bar> = Vec::new();
    loop {
        let message = soon(stream.message()).await.unwrap().unwrap();
        if let Some(Control::SnapshotComplete(_)) = message.control {
            break;
        }
        bars.extend(message.bars);
    }
    assert_eq!(bars.len(), 20_000);
    assert!(bars.is_sorted_by(|a, b| key(a) < key(b)), "each once and in order");
    drop(stream);
    drop(service.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_gives_each_symbol_once_however_often_it_is_named() {
    let mut service = Service::started(Synthetic { symbols: 3, ..MANY }).await;
    let symbols = ["SYN0003", "SYN0001", "SYN0003"].map(String::from).into();
    let request = BatchListBarsRequest { symbols, ..BatchListBarsRequest::default() };
    let mut stream = soon(service.market.batch_list_bars(request)).await.unwrap().into_inner();
    let mut bars: Vec<Bar> = Vec::new();
    while let Some(message) = soon(stream.message()).await.unwrap() {
        bars.extend(message.bars);
    }
    assert_eq!(bars.len(), 40);
    assert!(bars.is_sorted_by(|a, b| key(a) < key(b)), "each once and in order");
    drop(stream);
    drop(service.stop().await);
}
