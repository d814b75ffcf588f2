"""kill -9 and a new start: a client resumes by cursor with no repeat and no unmarked hole."""

import csv
import gzip
import random
import time

import grpc
import pytest
from conftest import ROOT
from tickmesh.market.v1 import market_service_pb2 as market, market_service_pb2_grpc as market_grpc

TRIALS = 20


def replayed_bars():
    """(date, symbol) of every bar that the replay brings, in its order."""
    with gzip.open(ROOT / "data" / "demo_daily_adjusted.csv.gz", "rt") as file:
        return sorted((r["date"], r["symbol"]) for r in csv.DictReader(file) if r["date"] >= "2021-01-01")


def read_until(mesh, cursor, seconds):
    """Reads live bars for a while; returns them with the last cursor. Ends early if the server dies."""
    bars, deadline = [], time.monotonic() + seconds
    channel = mesh.channel()
    try:
        request = market.StreamBarsRequest(resume_after=cursor)
        for message in market_grpc.MarketServiceStub(channel).StreamBars(request, timeout=max(seconds, 0.2)):
            assert message.WhichOneof("control") != "gap", "nothing may be lost within the window"
            bars += [(b.open_time.ToJsonString()[:10], b.symbol) for b in message.bars if not b.is_snapshot]
            cursor = message.cursor or cursor
            if time.monotonic() > deadline:
                break
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED), error
    finally:
        channel.close()
    return bars, cursor


def test_resume_after_kill(new_mesh):
    expected = replayed_bars()
    random_ = random.Random(20210104)
    mesh = new_mesh("--speed", 12).start()
    received, cursor = [], mesh.get("/v1/market/replay-window").json()["oldestCursor"]
    for trial in range(TRIALS):
        bars, cursor = read_until(mesh, cursor, random_.uniform(0.05, 0.8))
        received += bars
        time.sleep(random_.uniform(0, 0.2))
        mesh.kill()
        mesh.start()
    bars, cursor = read_until(mesh, cursor, 1.0)
    received += bars
    assert len(received) > 6 * TRIALS
    first = expected.index(received[0])
    assert received == expected[first : first + len(received)], "dense, in order, each once"
    print(f"{TRIALS} trials, {len(received)} bars, 0 lost, 0 repeated")
