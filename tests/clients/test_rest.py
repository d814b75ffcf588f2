"""curl and its kin: the seed's paths, the contract's paths, streams as NDJSON and SSE, errors with every field."""

import json
import subprocess

import pytest
import requests


def curl(mesh, *args):
    answer = subprocess.run(["curl", "-s", *args], capture_output=True, text=True, timeout=20)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_predict_as_the_seed_did(mesh):
    forecast = curl(mesh, "-X", "POST", mesh.url("/predict"), "-d", '{"symbol":"AAPL"}')
    assert forecast["symbol"] == "AAPL"
    assert forecast["predictedPrice"] == pytest.approx(forecast["lastPrice"] * (1 + forecast["expectedReturn"]))
    assert forecast["interval"]["lower"] < forecast["expectedReturn"] < forecast["interval"]["upper"]
    assert forecast["interval"]["coverage"] == pytest.approx(0.9)
    assert forecast["signal"]["action"] in ("ACTION_BUY", "ACTION_SELL", "ACTION_HOLD")
    assert forecast["signal"]["reasons"]
    assert forecast["modelVersion"].startswith("models/AAPL/versions/")
    assert 0 < forecast["upProbability"] < 1


def test_explanations_sum_to_the_raw_forecast(mesh):
    forecast = mesh.post("/v1/forecasts:predict", '{"symbol":"NVDA","explain":true}').json()
    total = forecast.get("bias", 0) + sum(c.get("contribution", 0) for c in forecast["contributions"])
    assert total == pytest.approx(forecast["rawForecast"], abs=1e-9)


def test_predict_portfolio(mesh):
    body = {"holdings": [{"symbol": "AAPL", "weight": 0.6}, {"symbol": "NVDA", "weight": 0.4}]}
    answer = mesh.post("/predict/portfolio", json.dumps(body)).json()
    assert len(answer["forecasts"]) == 2
    expected = 0.6 * answer["forecasts"][0]["expectedReturn"] + 0.4 * answer["forecasts"][1]["expectedReturn"]
    assert answer["expectedReturn"] == pytest.approx(expected)
    assert answer["volatility"] > 0
    assert answer["correlation"][0]["values"][0] == pytest.approx(1)


def test_realtime_and_signals(mesh):
    snapshot = mesh.get("/market/realtime/AAPL").json()
    assert snapshot["symbol"] == "AAPL" and snapshot["lastPrice"] > 0
    assert 0 <= snapshot["indicators"]["rsi14"] <= 100
    assert snapshot["indicators"]["bollingerLower"] < snapshot["indicators"]["bollingerUpper"]
    assert len(mesh.get("/trading/signals").json()["signals"]) == 6


def test_portfolio_optimize_by_query(mesh):
    answer = curl(mesh, mesh.url("/portfolio/optimize?symbols=AAPL&symbols=NVDA&objective=MAX_SHARPE"))
    assert answer["status"] == "SOLVE_STATUS_SOLVED"
    assert sum(w.get("weight", 0) for w in answer["weights"]) == pytest.approx(1, abs=1e-9)
    assert answer["sharpe"] > 0 and answer["volatility"] > 0


def test_infeasible_is_an_outcome_that_names_the_clash(mesh):
    body = {"symbols": ["AAPL", "NVDA"], "objective": "OBJECTIVE_MIN_VOLATILITY", "constraints": {"maxWeight": 0.4}}
    answer = mesh.post("/v1/portfolios:optimize", json.dumps(body))
    assert answer.status_code == 200
    assert answer.json()["status"] == "SOLVE_STATUS_INFEASIBLE"
    assert any("max_weight" in c for c in answer.json()["clashingConstraints"]), answer.json()


def test_health(mesh):
    answer = mesh.get("/health")
    assert answer.status_code == 200
    health = answer.json()
    assert health["status"] == "SERVING"
    assert {"market", "model", "portfolio"} <= set(health["parts"])
    assert all(part["latency_ms"] >= 0 for part in health["parts"].values())


def detail(error, kind):
    return next(d for d in error["details"] if d["@type"].endswith(kind))


def test_an_unknown_symbol_is_404_and_lists_the_known_ones(mesh):
    answer = mesh.post("/predict", '{"symbol":"ZZZZ"}')
    assert answer.status_code == 404
    error = answer.json()
    assert error["code"] == 5 and "AAPL" in answer.text and "import" in answer.text
    info = detail(error, "ErrorInfo")
    assert info["reason"] == "SYMBOL_UNKNOWN" and info["domain"] == "tickmesh"
    assert answer.headers["x-request-id"] in json.dumps(info)


def test_a_bad_body_is_400_and_names_every_field(mesh):
    answer = mesh.post("/predict", '{"symbol":"a b","as_of":"yesterday","colour":1}')
    assert answer.status_code == 400
    fields = {v["field"] for v in detail(answer.json(), "BadRequest")["fieldViolations"]}
    assert {"as_of", "colour"} <= {f.replace("asOf", "as_of") for f in fields}, answer.text
    answer = mesh.post("/predict/portfolio", '{"holdings":[{"symbol":"a b","weight":2},{"symbol":"","quantity":-1}]}')
    assert answer.status_code == 400
    fields = {v["field"] for v in detail(answer.json(), "BadRequest")["fieldViolations"]}
    assert {"holdings[0].symbol", "holdings[1].symbol"} <= fields, answer.text


def test_unknown_query_parameters_are_refused_by_name(mesh):
    answer = mesh.get("/v1/market/AAPL/bars?colour=1&page_size=2")
    assert answer.status_code == 400 and "colour" in answer.text


def test_bars_page_to_the_end_without_reaching_past_the_clock(mesh):
    bars, token = [], ""
    while True:
        page = mesh.get(f"/v1/market/AAPL/bars?page_size=1000&page_token={token}").json()
        bars += page["bars"]
        token = page.get("nextPageToken", "")
        if not token:
            break
    times = [b["openTime"] for b in bars]
    assert times == sorted(set(times)) and len(times) > 2014
    clock = mesh.get("/v1/market/replay-window").json()["feed"]["marketTime"]
    assert bars[-1]["closeTime"] <= clock


def test_server_streams_as_ndjson_and_sse(mesh):
    with requests.get(mesh.url("/v1/market/bars:stream?symbols=AAPL"), stream=True, timeout=20) as answer:
        lines = (json.loads(line) for line in answer.iter_lines())
        assert "ack" in next(lines)
        second = next(lines)
        assert second["sequence"] == "2"
    headers = {"accept": "text/event-stream"}
    with requests.get(mesh.url("/v1/signals:stream"), stream=True, timeout=20, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        ids = []
        for line in answer.iter_lines(decode_unicode=True):
            if line.startswith("id:"):
                ids.append(line[3:].strip())
            if len(ids) == 3:
                break
        assert all(ids)


def test_browsers_of_foreign_origins_are_refused(mesh):
    assert mesh.get("/health", headers={"origin": "https://evil.example"}).status_code == 403
    assert mesh.get("/health", headers={"host": "evil.example"}).status_code == 403
    allowed = mesh.get("/health", headers={"origin": "http://localhost:5173"})
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "grpc-status" in allowed.headers["access-control-expose-headers"]


def test_openapi_docs_and_metrics(mesh):
    openapi = mesh.get("/openapi.json").json()
    assert openapi["openapi"].startswith("3.1")
    for path in ("/predict", "/v1/market/{symbol}/bars", "/portfolio/optimize"):
        assert path in openapi["paths"], path
    for page in ("/", "/docs"):
        answer = mesh.get(page)
        assert answer.status_code == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    metrics = mesh.get("/metrics").text
    assert "grpc_server_handled_total" in metrics and "grpc_server_handling_seconds_bucket" in metrics


def test_live_score_shows_both_sides(mesh):
    mesh.wait("ten outcomes", lambda: int(mesh.get("/v1/live-score").json()["total"].get("forecasts", 0)) >= 60)
    score = mesh.get("/v1/live-score?symbols=AAPL").json()["scores"][0]
    assert score["mse"] > 0 and score["msePersistence"] > 0
    assert 0 <= score["coverage"] <= 1 and score["nominalCoverage"] == pytest.approx(0.9)


def test_parity_is_zero_over_the_whole_history(mesh):
    for symbol in ("AAPL", "NVDA"):
        answer = mesh.get(f"/v1/features/{symbol}:verifyParity").json()
        assert int(answer["rows"]) > 1900 and answer["features"] > 15
        assert answer["maxAbsDifference"] == 0
