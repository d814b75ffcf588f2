"""One contract through every door: what gRPC says of a request, REST says too."""

import json

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from tickmesh.market.v1 import market_service_pb2 as market, market_service_pb2_grpc as market_grpc
from tickmesh.portfolio.v1 import optimizer_service_pb2 as portfolio, optimizer_service_pb2_grpc as portfolio_grpc
from tickmesh.type.v1 import stream_pb2

STREAMS = {
    "bars": lambda c, r: market_grpc.MarketServiceStub(c).StreamBars(market.StreamBarsRequest(**r), timeout=1.0),
    "ticks": lambda c, r: market_grpc.MarketServiceStub(c).StreamTicks(market.StreamTicksRequest(**r), timeout=1.0),
}


def violations_of_grpc(call):
    with pytest.raises(grpc.RpcError) as failed:
        call()
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    status = status_pb2.Status.FromString(dict(failed.value.trailing_metadata())["grpc-status-details-bin"])
    for detail in status.details:
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            return sorted(v.field for v in bad.field_violations)
    pytest.fail(f"no fields in {status}")


def violations_of_rest(answer):
    assert answer.status_code == 400, answer.text
    bad = next(d for d in answer.json()["details"] if d["@type"].endswith("BadRequest"))
    return sorted(v["field"] for v in bad["fieldViolations"])


def test_every_bad_field_of_a_get_is_named(mesh):
    start, end = Timestamp(seconds=1609459200), Timestamp(seconds=1577836800)
    request = market.ListBarsRequest(
        symbol="AAPL", time_frame=99, page_size=-1, page_token="x", start_time=start, end_time=end
    )
    expected = violations_of_grpc(lambda: market_grpc.MarketServiceStub(mesh.channel()).ListBars(request, timeout=5))
    assert len(expected) == 4, expected
    query = "time_frame=99&page_size=-1&page_token=x&start_time=2021-01-01T00:00:00Z&end_time=2020-01-01T00:00:00Z"
    assert violations_of_rest(mesh.get(f"/v1/market/AAPL/bars?{query}")) == expected
    assert violations_of_rest(mesh.get(f"/v1/market/AAPL/bars?{query}&colour=1")) == sorted([*expected, "colour"])


def test_every_bad_field_of_a_post_is_named(mesh):
    request = portfolio.OptimizeRequest(target=0.1, lookback=3, symbols=["aapl"], objective=77)
    stub = portfolio_grpc.OptimizerServiceStub(mesh.channel())
    expected = violations_of_grpc(lambda: stub.Optimize(request, timeout=5))
    body = {"target": 0.1, "lookback": 3, "symbols": ["aapl"], "objective": 77}
    assert violations_of_rest(mesh.post("/v1/portfolios:optimize", json.dumps(body))) == expected
    assert violations_of_rest(mesh.post("/predict", '{"symbol":"aapl","foo":1}')) == ["foo", "symbol"]


def test_a_request_with_side_effects_is_refused_whole(mesh):
    before = mesh.get("/v1/operations/model").json().get("operations", [])
    body = '{"symbols":["AAPL"],"folds":"many","colour":1}'
    assert violations_of_rest(mesh.post("/v1/models:train", body)) == ["colour", "folds"]
    assert mesh.get("/v1/operations/model").json().get("operations", []) == before


def test_a_name_that_is_given_twice_is_refused(mesh):
    assert violations_of_rest(mesh.post("/predict", '{"symbol":"AAPL","symbol":"NVDA"}')) == ["symbol"]


def test_json_on_a_path_of_grpc_is_told_where_to_go(mesh):
    path = "/tickmesh.model.v1.ForecastService/Predict"
    answer = mesh.post(path, '{"symbol":"AAPL"}', headers={"content-type": "application/json"})
    assert answer.status_code == 415 and "POST /v1/forecasts:predict" in answer.json()["message"], answer.text


def test_an_event_source_goes_on_where_it_was(mesh):
    cursor = mesh.get("/v1/market/replay-window").json()["newestCursor"]
    path = "/v1/market/bars:stream?symbols=AAPL&start_time=2021-01-04T00:00:00Z"
    headers = {"accept": "text/event-stream", "last-event-id": cursor}
    with mesh.get(path, headers=headers, stream=True) as answer:
        assert answer.status_code == 200, answer.text
        lines = answer.iter_lines(decode_unicode=True)
        ack = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
        assert ack["ack"]["resumeAfter"] == cursor


def test_operations_go_to_their_owner_and_an_unknown_one_names_the_known(mesh):
    assert mesh.get("/v1/operations/model").status_code == 200
    for path in ("/v1/operations/portfolio", "/v1/operations/portfolio/1", "/v1/operations/news/1"):
        answer = mesh.get(path)
        assert answer.status_code == 404 and "operations/model" in answer.json()["message"], answer.text


@pytest.mark.parametrize("stream", STREAMS)
def test_a_streams_deadline_is_a_goodbye_with_its_cursor(mesh, stream):
    for _ in range(5):
        with mesh.channel() as channel:
            messages, code = [], None
            try:
                for message in STREAMS[stream](channel, {"symbols": ["AAPL"]}):
                    messages.append(message)
            except grpc.RpcError as error:
                code = error.code()
        assert code == grpc.StatusCode.DEADLINE_EXCEEDED
        last = messages[-1]
        assert last.end_of_stream.reason == stream_pb2.EndOfStream.REASON_DEADLINE, last
        assert [m.sequence for m in messages] == list(range(1, len(messages) + 1))
        assert last.end_of_stream.cursor == next((m.cursor for m in reversed(messages) if m.cursor), "")
