//! Native gRPC through the gateway.

use futures_util::stream;
use tickmesh_proto::google::longrunning::operations_client::OperationsClient;
use tickmesh_proto::google::longrunning::{GetOperationRequest, ListOperationsRequest};
use tickmesh_proto::market::v1::ingest_service_client::IngestServiceClient;
use tickmesh_proto::market::v1::market_service_client::MarketServiceClient;
use tickmesh_proto::market::v1::stream_ticks_response::Control;
use tickmesh_proto::market::v1::{Bar, GetSnapshotRequest, ImportBarsRequest, StreamTicksRequest};
use tickmesh_proto::portfolio::v1::OptimizeRequest;
use tickmesh_proto::portfolio::v1::optimizer_service_client::OptimizerServiceClient;
use tickmesh_proto::r#type::v1::end_of_stream::Reason;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::harness::{Mesh, soon};

fn ticks(symbol: &str) -> StreamTicksRequest {
    StreamTicksRequest { symbols: vec![symbol.to_owned()], ..Default::default() }
}

#[tokio::test]
async fn a_unary_call_reaches_its_service() {
    let mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let snapshot = soon(market.get_snapshot(GetSnapshotRequest { symbol: "AAPL".to_owned() })).await.unwrap();
    assert_eq!(snapshot.into_inner().last_price, 101.5);
}

#[tokio::test]
async fn an_error_keeps_its_details() {
    let mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let error = soon(market.get_snapshot(GetSnapshotRequest { symbol: "ZZZZ".to_owned() })).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(error.get_details_error_info().unwrap().reason, "SYMBOL_UNKNOWN");
}

#[tokio::test]
async fn a_server_stream_arrives_message_by_message_and_ends_with_its_status() {
    let mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let mut messages = soon(market.stream_ticks(ticks("LATE"))).await.unwrap().into_inner();
    let sequences =
        [soon(messages.message()).await, soon(messages.message()).await].map(|m| m.unwrap().unwrap().sequence);
    assert_eq!(sequences, [1, 2]);
    let error = soon(messages.message()).await.unwrap_err();
    assert_eq!(error.get_details_error_info().unwrap().reason, "SLOW_CONSUMER");
}

/// The market here knows no deadlines, so it is the gateway that notices this one.
#[tokio::test]
async fn a_live_stream_ends_at_its_deadline_with_its_cursor() {
    let mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let mut request = tonic::Request::new(ticks("AAPL"));
    request.set_timeout(std::time::Duration::from_millis(400));
    let mut messages = soon(market.stream_ticks(request)).await.unwrap().into_inner();
    let mut last = None;
    let error = loop {
        match soon(messages.message()).await {
            Ok(message) => last = message,
            Err(error) => break error,
        }
    };
    let last = last.unwrap();
    assert_eq!((last.sequence, last.cursor.as_str()), (3, "c1"), "{last:?}");
    let Some(Control::EndOfStream(end)) = last.control else { panic!("{:?}", last.control) };
    assert_eq!((end.reason(), end.cursor.as_str()), (Reason::Deadline, "c1"));
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.get_details_error_info().unwrap().metadata["cursor"], "c1");
}

#[tokio::test]
async fn a_client_stream_is_passed_on() {
    let mesh = Mesh::start().await;
    let bars = |count| ImportBarsRequest { bars: vec![Bar::default(); count], ..Default::default() };
    let mut ingest = IngestServiceClient::new(mesh.channel());
    let answer = soon(ingest.import_bars(stream::iter([bars(2), bars(3)]))).await.unwrap();
    assert_eq!(answer.into_inner().written, 5);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_stream_at_the_service() {
    let mesh = Mesh::start().await;
    let mut market = MarketServiceClient::new(mesh.channel());
    let mut messages = soon(market.stream_ticks(ticks("AAPL"))).await.unwrap().into_inner();
    soon(messages.message()).await.unwrap().unwrap();
    soon(mesh.market.open_streams(1)).await;
    drop(messages);
    soon(mesh.market.open_streams(0)).await;
}

#[tokio::test]
async fn an_operation_goes_to_the_part_in_its_name() {
    let mesh = Mesh::start().await;
    let mut operations = OperationsClient::new(mesh.channel());
    let get = |name: &str| GetOperationRequest { name: name.to_owned() };
    let found = soon(operations.get_operation(get("operations/model/7"))).await.unwrap().into_inner();
    assert_eq!(found.name, "operations/model/7");
    let elsewhere = soon(operations.get_operation(get("operations/portfolio/7"))).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::NotFound);
    assert_eq!(elsewhere.get_details_error_info().unwrap().metadata["known"], "operations/model");
    let nowhere =
        soon(operations.list_operations(ListOperationsRequest { name: "operations".to_owned(), ..Default::default() }));
    let nowhere = nowhere.await.unwrap_err();
    assert_eq!(nowhere.code(), Code::InvalidArgument);
    let named = &nowhere.get_details_bad_request().unwrap().field_violations[0];
    assert!(named.description.contains("operations/model"), "{named:?}");
}

#[tokio::test]
async fn a_lost_part_is_unavailable_and_says_when_to_try_again() {
    let mesh = Mesh::start().await;
    let mut optimizer = OptimizerServiceClient::new(mesh.channel());
    let error = soon(optimizer.optimize(OptimizeRequest::default())).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.get_details_retry_info().is_some(), "{error:?}");
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let mesh = Mesh::start().await;
    let mut grpc = tonic::client::Grpc::new(mesh.channel());
    soon(grpc.ready()).await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/tickmesh.market.v1.MarketService/Nothing");
    let request = tonic::Request::new(bytes::Bytes::new());
    let error = soon(grpc.unary(request, path, gateway::codec::Raw)).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert_eq!(error.get_details_error_info().unwrap().reason, "METHOD_UNKNOWN");
}
