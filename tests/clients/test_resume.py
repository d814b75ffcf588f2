"""kill -9 and a new start: a client resumes by cursor with no repeat and no unmarked hole."""

import csv
import gzip
import random
import time

import grpc
import pytest
from conftest import ROOT
from tickmesh.market.v1 import market_service_pb2 as market, market_service_pb2_grpc as market_grpc
from tickmesh.portfolio.v1 import allocation_pb2, optimizer_service_pb2 as portfolio
from tickmesh.portfolio.v1 import optimizer_service_pb2_grpc as portfolio_grpc
from tickmesh.type.v1 import stream_pb2

TRIALS = 20
PORTFOLIO_TRIALS = 8


def replayed_bars():
    """(date, symbol) of every bar that the replay brings, in its order."""
    with gzip.open(ROOT / "data" / "demo_daily_adjusted.csv.gz", "rt") as file:
        return sorted((r["date"], r["symbol"]) for r in csv.DictReader(file) if r["date"] >= "2021-01-01")


def read_until(mesh, call, events_of, cursor, seconds):
    """Reads a live stream for a while; returns its events with the last cursor. Ends early if the server dies."""
    events, deadline = [], time.monotonic() + seconds
    channel = mesh.channel()
    try:
        for message in call(channel, cursor, timeout=max(seconds, 0.2)):
            assert message.WhichOneof("control") != "gap", "nothing may be lost within the window"
            events += events_of(message)
            cursor = message.cursor or cursor
            if time.monotonic() > deadline:
                break
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED), error
    finally:
        channel.close()
    return events, cursor


def stream_bars(channel, cursor, timeout):
    return market_grpc.MarketServiceStub(channel).StreamBars(market.StreamBarsRequest(resume_after=cursor), timeout=timeout)


def live_bars(message):
    return [(b.open_time.ToJsonString()[:10], b.symbol) for b in message.bars if not b.is_snapshot]


def stream_risk_parity(channel, cursor, timeout):
    request = portfolio.StreamAllocationsRequest(
        optimize=portfolio.OptimizeRequest(objective=allocation_pb2.OBJECTIVE_RISK_PARITY),
        delivery=stream_pb2.DELIVERY_ALL,
        resume_after=cursor,
    )
    return portfolio_grpc.OptimizerServiceStub(channel).StreamAllocations(request, timeout=timeout)


def closes(message):
    return [allocation.as_of.ToJsonString()[:10] for allocation in message.allocations]


def through_kills(mesh, trials, random_, call, events_of, cursor):
    """The events of a stream that is resumed after each kill -9."""
    received = []
    for _ in range(trials):
        events, cursor = read_until(mesh, call, events_of, cursor, random_.uniform(0.05, 0.8))
        received += events
        time.sleep(random_.uniform(0, 0.2))
        mesh.kill()
        mesh.start()
    return received + read_until(mesh, call, events_of, cursor, 1.0)[0]


def test_resume_after_kill(new_mesh):
    expected = replayed_bars()
    random_ = random.Random(20210104)
    mesh = new_mesh("--speed", 12).start()
    oldest = mesh.get("/v1/market/replay-window").json()["oldestCursor"]
    received = through_kills(mesh, TRIALS, random_, stream_bars, live_bars, oldest)
    assert len(received) > 6 * TRIALS
    first = expected.index(received[0])
    assert received == expected[first : first + len(received)], "dense, in order, each once"
    print(f"{TRIALS} trials, {len(received)} bars, 0 lost, 0 repeated")


def test_a_live_portfolio_resumes_after_kill(new_mesh):
    sessions = sorted({date for date, _ in replayed_bars()})
    random_ = random.Random(20210105)
    mesh = new_mesh("--speed", 12).start()
    first, cursor = read_until(mesh, stream_risk_parity, closes, "", 1.0)
    received = first + through_kills(mesh, PORTFOLIO_TRIALS, random_, stream_risk_parity, closes, cursor)
    assert len(received) > PORTFOLIO_TRIALS
    begun = next(day for day in received if day in sessions)
    received = received[received.index(begun) :]
    at = sessions.index(begun)
    assert received == sessions[at : at + len(received)], "dense, in order, each once"
