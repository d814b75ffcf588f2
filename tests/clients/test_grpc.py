"""grpcio and grpcurl against the gateway and each service."""

import json
import subprocess
import threading

import grpc
import pytest
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2, status_pb2
from tickmesh.market.v1 import market_service_pb2 as market, market_service_pb2_grpc as market_grpc
from tickmesh.model.v1 import forecast_service_pb2 as model, forecast_service_pb2_grpc as model_grpc
from tickmesh.portfolio.v1 import optimizer_service_pb2 as portfolio, optimizer_service_pb2_grpc as portfolio_grpc

SERVICES = {
    "market": ["tickmesh.market.v1.MarketService", "tickmesh.market.v1.IngestService"],
    "model": [
        "tickmesh.model.v1.ForecastService",
        "tickmesh.model.v1.TrainingService",
        "tickmesh.model.v1.RegistryService",
        "tickmesh.model.v1.FeatureService",
        "tickmesh.model.v1.MonitoringService",
        "google.longrunning.Operations",
    ],
    "portfolio": ["tickmesh.portfolio.v1.OptimizerService"],
}


def grpcurl(port, *args, data=None):
    head = ["grpcurl", "-plaintext", *(["-d", data] if data else [])]
    answer = subprocess.run([*head, f"127.0.0.1:{port}", *args], capture_output=True, text=True, timeout=20)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_grpcurl_lists_the_mesh_and_each_service(mesh):
    everything = grpcurl(mesh.ports["gateway"], "list").split()
    for part, services in SERVICES.items():
        listed = grpcurl(mesh.ports[part], "list").split()
        assert set(services) <= set(listed), (part, listed)
        assert set(services) <= set(everything), (part, everything)
    assert "grpc.health.v1.Health" in everything


def test_grpcurl_calls_through_the_gateway_and_directly(mesh):
    for port in (mesh.ports["gateway"], mesh.ports["model"]):
        forecast = json.loads(grpcurl(port, "tickmesh.model.v1.ForecastService/Predict", data='{"symbol":"AAPL"}'))
        assert forecast["symbol"] == "AAPL"
    health = json.loads(grpcurl(mesh.ports["gateway"], "grpc.health.v1.Health/Check"))
    assert health["status"] == "SERVING"


def test_three_streams_side_by_side_while_the_replay_goes_on(mesh):
    calls = {
        "ticks": lambda c: market_grpc.MarketServiceStub(c).StreamTicks(market.StreamTicksRequest(), timeout=30),
        "signals": lambda c: model_grpc.ForecastServiceStub(c).StreamSignals(model.StreamSignalsRequest(), timeout=30),
        "allocations": lambda c: portfolio_grpc.OptimizerServiceStub(c).StreamAllocations(
            portfolio.StreamAllocationsRequest(), timeout=30
        ),
    }
    live = {name: 0 for name in calls}
    faults = []

    def follow(name, open_stream, channel):
        sequence = 0
        call = open_stream(channel)
        try:
            for message in call:
                sequence += 1
                if message.sequence != sequence:
                    faults.append((name, message.sequence, sequence))
                if sequence == 1 and message.WhichOneof("control") != "ack":
                    faults.append((name, "no ack first"))
                live[name] += sum(not event.is_snapshot for event in getattr(message, name))
                if live[name] >= 12:
                    break
        except grpc.RpcError as error:
            faults.append((name, error.code(), error.details()))
        finally:
            call.cancel()

    with mesh.channel() as channel:
        threads = [threading.Thread(target=follow, args=(n, c, channel)) for n, c in calls.items()]
        [t.start() for t in threads]
        [t.join(40) for t in threads]
    assert not faults
    assert all(count >= 12 for count in live.values()), live


def rich(error):
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    return status_pb2.Status.FromString(packed)


def unpack(status, kind):
    for any_ in status.details:
        if any_.Is(kind.DESCRIPTOR):
            message = kind()
            any_.Unpack(message)
            return message
    pytest.fail(f"no {kind.DESCRIPTOR.name} in {status}")


@pytest.mark.parametrize("part", ["gateway", "model"])
def test_errors_carry_their_details(mesh, part):
    with mesh.channel(part) as channel:
        stub = model_grpc.ForecastServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(model.PredictRequest(symbol="ZZZZ"), timeout=5)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        info = unpack(rich(caught.value), error_details_pb2.ErrorInfo)
        assert (info.reason, info.domain) == ("SYMBOL_UNKNOWN", "tickmesh")
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(model.PredictRequest(symbol="a b", model_version="no"), timeout=5)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        fields = {v.field for v in unpack(rich(caught.value), error_details_pb2.BadRequest).field_violations}
        assert {"symbol", "model_version"} <= fields


def test_history_goes_into_live_without_a_hole_or_a_repeat(mesh):
    start = timestamp_pb2.Timestamp()
    start.FromJsonString("2020-11-01T00:00:00Z")
    seen = []
    with mesh.channel() as channel:
        request = market.StreamBarsRequest(symbols=["AAPL"], start_time=start)
        call = market_grpc.MarketServiceStub(channel).StreamBars(request, timeout=30)
        live = 0
        for message in call:
            for bar in message.bars:
                seen.append(bar.open_time.ToJsonString())
                live += not bar.is_snapshot
            if live >= 5:
                break
        call.cancel()
        end = timestamp_pb2.Timestamp()
        end.FromJsonString(seen[-1])
        page = market_grpc.MarketServiceStub(channel).ListBars(
            market.ListBarsRequest(symbol="AAPL", start_time=start, page_size=1000), timeout=5
        )
    stored = [bar.open_time.ToJsonString() for bar in page.bars]
    assert seen == stored[: len(seen)]


def test_a_past_forecast_does_not_know_its_future(mesh):
    with mesh.channel() as channel:
        stub = model_grpc.ForecastServiceStub(channel)
        far = timestamp_pb2.Timestamp()
        far.FromJsonString("2035-01-01T00:00:00Z")
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(model.PredictRequest(symbol="AAPL", as_of=far), timeout=5)
        assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE
        past = timestamp_pb2.Timestamp()
        past.FromJsonString("2019-06-03T21:00:00Z")
        forecast = stub.Predict(model.PredictRequest(symbol="AAPL", as_of=past), timeout=5)
        assert forecast.as_of.ToJsonString() <= past.ToJsonString()
