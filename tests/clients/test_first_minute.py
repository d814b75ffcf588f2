"""What a newcomer sees: start, ready, progress, clear refusals, polite end, second start."""

import re
import socket
import subprocess
import time

import pytest
from conftest import BINARY, PARTS, ROOT, free_ports


def run(*args, env=None, seconds=20):
    return subprocess.run([str(BINARY), *map(str, args)], capture_output=True, text=True, timeout=seconds, env=env)


def elsewhere(**given):
    """Addresses for all four parts: free ports, but for those given."""
    addresses = {part: f"127.0.0.1:{port}" for part, port in zip(PARTS, free_ports(len(PARTS)))} | given
    return [f"--{part}-addr={address}" for part, address in addresses.items()]


def test_answers_at_once_and_names_the_open_latches(new_mesh):
    mesh = new_mesh("--speed", 10).start(ready=False)
    mesh.wait("/livez", lambda: mesh.get("/livez").status_code == 200, seconds=3)
    first = mesh.get("/readyz")
    assert mesh.get("/").headers["content-type"].startswith("text/html")
    if first.status_code == 503:
        assert "model/" in first.text or "market/" in first.text, first.text
    mesh.wait_ready()
    # Ready means that every symbol has a snapshot, a forecast and a signal.
    symbols = [i["symbol"] for i in mesh.get("/v1/instruments").json()["instruments"]]
    assert symbols == ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]
    for symbol in symbols:
        assert mesh.get(f"/market/realtime/{symbol}").json()["lastPrice"] > 0
        assert "expectedReturn" in mesh.post("/predict", f'{{"symbol":"{symbol}"}}').json()
    assert {s["symbol"] for s in mesh.get("/trading/signals").json()["signals"]} == set(symbols)


def test_prints_figures_beside_persistence_the_address_and_three_commands(mesh):
    text = mesh.output()
    assert "persistence" in text
    assert f"http://127.0.0.1:{mesh.ports['gateway']}" in text
    for command in ("grpcurl -plaintext 127.0.0.1", "curl", "tickmesh watch"):
        assert command in text, f"{command} is not offered in:\n{text}"
    assert "\x1b[" not in text, "off a terminal there are plain lines"


def test_second_start_goes_on_without_importing_or_training(new_mesh):
    mesh = new_mesh("--speed", 20).start()
    time.sleep(1)
    versions = mesh.get("/v1/models/AAPL/versions").json()
    before = mesh.get("/v1/market/replay-window").json()["feed"]
    mesh.kill()
    begun = time.monotonic()
    mesh.start()
    assert time.monotonic() - begun < 15
    after = mesh.get("/v1/market/replay-window").json()["feed"]
    assert after["sessionsDone"] >= before["sessionsDone"], "the replay goes on where it was"
    assert mesh.get("/v1/models/AAPL/versions").json() == versions, "models are kept"


def test_a_taken_port_is_one_clear_line_within_a_second(new_mesh, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        begun = time.monotonic()
        answer = run("--data-dir", tmp_path / "d", "up", *elsewhere(market=f"127.0.0.1:{taken.getsockname()[1]}"))
    assert time.monotonic() - begun < 3
    assert answer.returncode == 1
    assert "--market-addr" in answer.stderr and "127.0.0.1" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr


def test_any_address_but_loopback_is_refused(tmp_path):
    answer = run("--data-dir", tmp_path / "d", "up", *elsewhere(gateway="0.0.0.0:0"))
    assert answer.returncode == 64
    assert "loopback" in answer.stderr and len(answer.stderr.strip().splitlines()) == 1, answer.stderr


def test_a_part_on_another_machine_is_refused(tmp_path):
    for part in ("market", "model", "portfolio"):
        answer = run("--data-dir", tmp_path / part, "up", f"--{part}-url", "http://10.0.0.1:50051", *elsewhere())
        assert answer.returncode == 64, answer.stderr
        assert "http://10.0.0.1:50051" in answer.stderr and "loopback" in answer.stderr, answer.stderr
        assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr


def test_bad_flags_and_unknown_keys_are_one_clear_line(tmp_path):
    answer = run("up", "--speed", "fast")
    assert answer.returncode == 64 and "--speed" in answer.stderr, answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    answer = run("--data-dir", tmp_path / "d", "up", "--speed", "-1", *elsewhere())
    assert answer.returncode == 64 and "speed" in answer.stderr, answer.stderr
    config = tmp_path / "c.toml"
    config.write_text("[market]\nspead = 3\n")
    answer = run("--data-dir", tmp_path / "d", "up", "--config", config, *elsewhere())
    assert answer.returncode == 64 and "spead" in answer.stderr, answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr


def test_a_data_directory_has_one_owner_and_one_replay_start(new_mesh):
    mesh = new_mesh("--speed", 10).start()
    other = elsewhere()
    answer = run("--data-dir", mesh.data_dir, "up", *other)
    assert answer.returncode == 1 and str(mesh.data_dir) in answer.stderr, answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    mesh.stop()
    answer = run("--data-dir", mesh.data_dir, "up", "--replay-from", "2022-01-01", *other)
    assert answer.returncode in (1, 64) and "2021-01-01" in answer.stderr, answer.stderr


def test_a_data_directory_that_cannot_be_written_is_one_clear_line(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    answer = run("--data-dir", file / "data", "up", *elsewhere())
    assert answer.returncode == 1 and "data" in answer.stderr, answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr


def test_print_config_says_where_each_value_comes_from(tmp_path):
    answer = run("up", "--print-config", "--speed", "3")
    assert answer.returncode == 0, answer.stderr
    assert re.search(r"^market.speed = 3.0 # --speed$", answer.stdout, re.M), answer.stdout


def test_the_end_of_the_data_is_said_by_date_and_the_mesh_keeps_serving(new_mesh):
    mesh = new_mesh("--speed", 1000, "--replay-from", "2023-08-01").start()
    ended = lambda: mesh.get("/v1/market/replay-window").json()["feed"]["state"] == "FEED_STATE_ENDED"
    mesh.wait("the end of the data", ended, seconds=60)
    mesh.wait("the end in the terminal", lambda: "--replay-again" in mesh.output() and "2023-09-21" in mesh.output(), seconds=10)
    assert mesh.post("/predict", '{"symbol":"AAPL"}').status_code == 200
    assert mesh.get("/health").json()["status"] in ("SERVING", "DEGRADED")


def test_the_seeds_five_stocks_by_data(new_mesh):
    data = ROOT.parent / "shared" / "data" / "daily_five_2010_2021.csv.gz"
    if not data.exists():
        pytest.skip(f"{data.name} is not beside this checkout")
    mesh = new_mesh("--data", data, "--replay-from", "2021-06-01", "--speed", 20).start()
    symbols = [i["symbol"] for i in mesh.get("/v1/instruments").json()["instruments"]]
    assert symbols == ["AAPL", "AMZN", "GOOGL", "MSFT", "TSLA"]
    for symbol in symbols:
        assert "signal" in mesh.post("/predict", f'{{"symbol":"{symbol}"}}').json()
