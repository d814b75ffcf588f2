"""Measures requests a server-CPU-second and a second, ours and the peers' in turn, and prints medians and ratios.

Same work on both sides: one symbol's current features through 200 trees of depth 8 fitted on the same rows, and the
answer as JSON (or protobuf). Load comes from h2load on one core's worth of client; server CPU is user + system time
of the server's process. What would make it worse in real life: a network, more symbols than fit the cache, more cores
on the peer's side (FastAPI would run one process a core), TLS.
"""

import json
import os
import pathlib
import pickle
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("BINARY_UNDER_TEST", ROOT / "target" / "dist" / "tickmesh"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
IN_FLIGHT = (8, 64)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(url, process, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"a server ended with {process.returncode} before it answered {url}")
        try:
            if requests.get(url, timeout=2).status_code < 500:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    sys.exit(f"{url} did not answer in {seconds} s")


def start_mesh(folder):
    ports = {part: free_port() for part in ("market", "model", "portfolio", "gateway")}
    addresses = [f"--{part}-addr=127.0.0.1:{port}" for part, port in ports.items()]
    command = [BINARY, "--data-dir", f"{folder}/data", "up", "--speed", "0.01", *addresses]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(f"http://127.0.0.1:{ports['gateway']}/readyz", process)
    return process, ports


def feature_rows(gateway):
    """The mesh's own feature rows of AAPL with next-day returns, through its REST door."""
    bars, token = [], ""
    while True:
        url = f"{gateway}/v1/market/AAPL/bars?adjusted=true&page_size=1000&page_token={token}"
        page = requests.get(url, timeout=10).json()
        bars += page["bars"]
        token = page.get("nextPageToken")
        if not token:
            break
    session, rows, returns = requests.Session(), [], []
    for today, tomorrow in zip(bars[60:], bars[61:]):
        answer = session.get(f"{gateway}/v1/features/AAPL?as_of={today['closeTime']}", timeout=10).json()
        rows.append([value.get("value", 0.0) for value in answer["values"]])
        returns.append(tomorrow["close"] / today["close"] - 1)
    return np.array(rows), np.array(returns), bars[-1]["close"]


def fit_peer(folder, rows, returns, last_price):
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(200, max_depth=8, min_samples_leaf=20, max_features=1 / 3, random_state=42).fit(rows, returns)
    onnx = to_onnx(forest, rows[:1].astype(np.float32)).SerializeToString()
    state = {
        "sklearn": forest,
        "onnx": onnx,
        "features": {"AAPL": rows[-1:]},
        "last_price": last_price,
        "sigma": float(returns.std()),
    }
    path = pathlib.Path(folder) / "peer.pickle"
    path.write_bytes(pickle.dumps(state))
    return path


def start_peer(state, model):
    port = free_port()
    env = os.environ | {"PEER_STATE": str(state), "MODEL": model, "PYTHONPATH": str(pathlib.Path(__file__).parent)}
    command = [sys.executable, "-m", "uvicorn", "peer:app", "--port", str(port), "--log-level", "error", "--no-access-log"]
    process = subprocess.Popen(command, env=env)
    wait_for(f"http://127.0.0.1:{port}/openapi.json", process)
    return process, port


def h2load(url, body, in_flight, requests_, h1, headers):
    shape = ["--h1", "-c", str(in_flight)] if h1 else ["-c", "1", "-m", str(in_flight)]
    command = ["h2load", "-t", "1", "-n", str(requests_), "-d", str(body), *shape]
    for header in headers:
        command += ["-H", header]
    answer = subprocess.run([*command, url], capture_output=True, text=True, timeout=300)
    done = re.search(r"(\d+) succeeded", answer.stdout)
    if not done or int(done.group(1)) != requests_:
        sys.exit(f"h2load on {url} did not succeed everywhere:\n{answer.stdout}{answer.stderr}")
    return float(re.search(r"finished in .*?, ([\d.]+) req/s", answer.stdout).group(1))


def main():
    with tempfile.TemporaryDirectory() as folder:
        mesh, ports = start_mesh(folder)
        peers = []
        try:
            gateway = f"http://127.0.0.1:{ports['gateway']}"
            rows, returns, last = feature_rows(gateway)
            state = fit_peer(folder, rows, returns, last)
            peers = [start_peer(state, model) for model in ("sklearn", "onnx")]
            measure(folder, mesh, ports, peers, rows.shape)
        finally:
            for process in [mesh, *(p for p, _ in peers)]:
                process.terminate()
                process.wait(30)


def measure(folder, mesh, ports, peers, shape):
    body = pathlib.Path(folder) / "body.json"
    body.write_text('{"symbol":"AAPL"}')
    message = b"\x0a\x04AAPL"
    framed = pathlib.Path(folder) / "body.grpc"
    framed.write_bytes(b"\x00" + struct.pack(">I", len(message)) + message)
    method = "/tickmesh.model.v1.ForecastService/Predict"
    gateway, model = f"http://127.0.0.1:{ports['gateway']}", f"http://127.0.0.1:{ports['model']}"
    as_json = ["content-type: application/json"]
    as_grpc = ["content-type: application/grpc", "te: trailers"]
    as_web = ["content-type: application/grpc-web+proto", "x-grpc-web: 1"]
    cases = [
        ("tickmesh gRPC direct", mesh, model + method, framed, False, as_grpc, 20000),
        ("tickmesh gRPC gateway", mesh, gateway + method, framed, False, as_grpc, 20000),
        ("tickmesh gRPC-Web gateway", mesh, gateway + method, framed, True, as_web, 20000),
        ("tickmesh REST gateway", mesh, gateway + "/predict", body, True, as_json, 20000),
        ("FastAPI + scikit-learn", peers[0][0], f"http://127.0.0.1:{peers[0][1]}/predict", body, True, as_json, 200),
        ("FastAPI + ONNX Runtime", peers[1][0], f"http://127.0.0.1:{peers[1][1]}/predict", body, True, as_json, 4000),
    ]
    results = {}
    for in_flight in IN_FLIGHT:
        for _ in range(ROUNDS):
            for name, process, url, payload, h1, headers, count in cases:
                before = cpu_seconds(process.pid)
                rate = h2load(url, payload, in_flight, count, h1, headers)
                spent = max(cpu_seconds(process.pid) - before, 0.01)
                results.setdefault((in_flight, name), []).append((rate, count / spent))
    report(results, shape)


def report(results, shape):
    import fastapi
    import onnxruntime
    import sklearn
    import uvicorn

    print(f"forest: 200 trees, depth 8, {shape[1]} features, fitted on {shape[0]} rows of AAPL; median of {ROUNDS} rounds in turn")
    print(f"peers: scikit-learn {sklearn.__version__}, onnxruntime {onnxruntime.__version__}, fastapi {fastapi.__version__}, uvicorn {uvicorn.__version__}")
    print(f"{'in flight':>9}  {'server':<28}{'req/s':>10}{'req/CPU-s':>11}{'÷ direct':>10}{'÷ gateway':>11}{'× sklearn':>11}{'× ONNX':>9}")
    line = []
    for (in_flight, name), samples in results.items():
        rate, per_cpu = (statistics.median(s[i] for s in samples) for i in (0, 1))
        median = lambda other: statistics.median(s[1] for s in results[(in_flight, other)])
        ratios = [per_cpu / median(o) for o in ("tickmesh gRPC direct", "tickmesh gRPC gateway", "FastAPI + scikit-learn", "FastAPI + ONNX Runtime")]
        print(f"{in_flight:>9}  {name:<28}{rate:>10.0f}{per_cpu:>11.0f}{ratios[0]:>10.2f}{ratios[1]:>11.2f}{ratios[2]:>11.1f}{ratios[3]:>9.1f}")
        line.append({"in_flight": in_flight, "server": name, "rps": round(rate), "rps_per_cpu": round(per_cpu)})
    print(json.dumps(line))


if __name__ == "__main__":
    main()
