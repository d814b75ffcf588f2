"""Ctrl-C and SIGTERM: at any moment they drain and exit 0, a second one exits 130 at once, and nothing is lost."""

import queue
import random
import signal
import time

import grpc
import pytest
import requests
from conftest import PARTS
from google.protobuf.timestamp_pb2 import Timestamp
from tickmesh.market.v1 import bar_pb2, ingest_service_pb2, ingest_service_pb2_grpc
from tickmesh.type.v1 import time_frame_pb2

#: After the first line of output; a first start imports within the first of these and trains within the last.
DELAYS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


def bar(day):
    """A daily bar of January 2005, years before the bundled ones."""
    opened = Timestamp(seconds=1104537600 + 86_400 * day)
    closed = Timestamp(seconds=opened.seconds + 75_600)
    return bar_pb2.Bar(
        symbol="AAPL", time_frame=time_frame_pb2.TIME_FRAME_1D, open_time=opened, close_time=closed, open=1, high=2, low=1, close=1 + day / 100, volume=1
    )


class HeldImport:
    """A client stream that is open until it is told to end."""

    def __init__(self, mesh):
        self.bars = queue.Queue()
        self.channel = mesh.channel()
        self.answer = ingest_service_pb2_grpc.IngestServiceStub(self.channel).ImportBars.future(iter(self.bars.get, None))
        self.send(1)

    def send(self, day):
        self.bars.put(ingest_service_pb2.ImportBarsRequest(bars=[bar(day)], source="test"))

    def end(self):
        self.bars.put(None)


def replayed(mesh):
    return int(mesh.get("/v1/market/replay-window").json()["feed"].get("sessionsDone", 0))


def refuses_connections(mesh):
    try:
        requests.get(mesh.url("/livez"), timeout=1)
    except requests.ConnectionError:
        return True
    return False


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_drains_and_exits_0_and_the_next_start_goes_on(new_mesh, sig):
    mesh = new_mesh("--speed", 20).start()
    mesh.wait("some sessions", lambda: replayed(mesh) > 5)
    before, versions = replayed(mesh), mesh.get("/v1/models/AAPL/versions").json()
    assert mesh.stop(sig) == 0
    mesh.start()
    mesh.wait("the replay to go on", lambda: replayed(mesh) >= before, seconds=10)
    assert replayed(mesh) < before + 200, "it goes on where it was"
    assert mesh.get("/v1/models/AAPL/versions").json() == versions


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_start_exits_0_and_the_next_start_finishes_it(new_mesh, sig):
    mesh = new_mesh("--speed", 20)
    for delay in DELAYS:
        seen = len(mesh.output()) if mesh.log else 0
        mesh.start(ready=False)
        mesh.wait("a first line", lambda: len(mesh.output()) > seen)
        time.sleep(delay)
        begun = time.monotonic()
        assert mesh.stop(sig) == 0, f"{delay} s after the first line: {mesh.output()[-2000:]}"
        assert time.monotonic() - begun < 10, f"{delay} s after the first line"
    mesh.start()
    assert [i["symbol"] for i in mesh.get("/v1/instruments").json()["instruments"]] == ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]


def test_a_part_alone_hears_a_signal_too(new_mesh):
    for part in PARTS:
        mesh = new_mesh("--target", part).start(ready=False)
        mesh.wait("a first line", lambda: f"{part} starts" in mesh.output().lower())
        assert mesh.stop(signal.SIGINT, seconds=10) == 0, part


def test_a_second_signal_while_it_drains_exits_130_at_once(new_mesh):
    mesh = new_mesh("--speed", 20).start()
    mesh.wait("some sessions", lambda: replayed(mesh) > 5)
    before = replayed(mesh)
    held = HeldImport(mesh)
    time.sleep(0.2)
    mesh.process.send_signal(signal.SIGINT)
    mesh.wait("the drain", lambda: refuses_connections(mesh))
    time.sleep(0.5)
    assert mesh.process.poll() is None, "an open call is waited for"
    begun = time.monotonic()
    assert mesh.stop(signal.SIGINT, seconds=5) == 130
    assert time.monotonic() - begun < 1
    with pytest.raises(grpc.RpcError):
        held.answer.result(timeout=10)
    mesh.start()
    mesh.wait("the replay to go on", lambda: replayed(mesh) >= before, seconds=10)


def test_a_call_that_ends_while_it_drains_gets_its_answer_and_is_kept(new_mesh):
    mesh = new_mesh("--speed", 20).start()
    held = HeldImport(mesh)
    held.send(2)
    time.sleep(0.2)
    mesh.process.send_signal(signal.SIGTERM)
    mesh.wait("the drain", lambda: refuses_connections(mesh))
    held.send(3)
    held.end()
    assert held.answer.result(timeout=10).written == 3
    assert mesh.process.wait(20) == 0
    mesh.start()
    bars = mesh.get("/v1/market/AAPL/bars?end_time=2006-01-01T00:00:00Z").json()["bars"]
    assert [b["close"] for b in bars] == [1.01, 1.02, 1.03], "what was acknowledged is kept"
