"""The client verbs: answers on standard output, one clear line or JSON on standard error, exit codes for scripts."""

import json
import random
import subprocess
import threading
import time
from datetime import date, timedelta

import pytest
from conftest import BINARY

HEADER = "date,open,high,low,close,volume\n"


def run(mesh, *args, seconds=60):
    command = [str(BINARY), *map(str, args), "--server", mesh.url()]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds)


def failed(answer, code=1):
    """The one line that says why."""
    assert answer.returncode == code, (answer.returncode, answer.stdout, answer.stderr)
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    return answer.stderr.strip()


def test_an_unknown_verb_is_answered_with_the_known_ones(mesh):
    line = failed(run(mesh, "frobnicate"), code=64)
    assert "unknown command 'frobnicate'" in line and "predict, watch, optimize, status" in line, line


def test_a_message_is_said_once(mesh):
    line = failed(run(mesh, "predict", "aapl"))
    assert line.count("symbol") == 1, line
    line = failed(run(mesh, "optimize", "AAPL"))
    assert line.count("symbols") == 1, line
    line = failed(run(mesh, "optimize", "--objective", "TARGET_RETURN"))
    assert line.count("target ") == 1, line


def test_an_unknown_symbol_keeps_back_no_other_forecast(mesh):
    answer = run(mesh, "predict", "AAPL", "ZZZ", "NVDA")
    assert "ZZZ" in failed(answer), answer.stderr
    assert "AAPL" in answer.stdout and "NVDA" in answer.stdout and "ZZZ" not in answer.stdout, answer.stdout


def test_failures_are_json_for_programs(mesh):
    error = json.loads(failed(run(mesh, "predict", "ZZZ", "--json")))
    assert (error["code"], error["reason"]) == (5, "SYMBOL_UNKNOWN"), error
    assert "ZZZ" in error["message"] and error["details"][0]["domain"] == "tickmesh", error
    error = json.loads(failed(run(mesh, "predict", "aapl", "--json")))
    assert error["code"] == 3 and error["details"][1]["fieldViolations"][0]["field"] == "symbol", error
    error = json.loads(failed(run(mesh, "predict", "--jason", "--json"), code=64))
    assert error["reason"] == "USAGE", error
    command = [str(BINARY), "status", "--json", "--server", "http://127.0.0.1:1"]
    error = json.loads(failed(subprocess.run(command, capture_output=True, text=True, timeout=20)))
    assert (error["code"], error["reason"]) == (14, "MESH_UNREACHABLE"), error


def test_a_server_of_tls_is_refused(mesh):
    command = [str(BINARY), "status", "--server", "https://127.0.0.1:1"]
    assert "http://" in failed(subprocess.run(command, capture_output=True, text=True, timeout=20), code=64)


def test_optimize_says_what_clashes_and_fails(mesh):
    answer = run(mesh, "optimize", "AAPL", "NVDA", "--max-weight", "0.4")
    assert "max_weight" in failed(answer) and answer.stdout == ""
    answer = run(mesh, "optimize", "AAPL", "NVDA", "--max-weight", "0.4", "--json")
    assert json.loads(failed(answer))["reason"] == "INFEASIBLE"
    assert json.loads(answer.stdout)["status"] == "SOLVE_STATUS_INFEASIBLE", "the answer itself stays on standard output"
    assert run(mesh, "optimize", "AAPL", "NVDA").returncode == 0
    line = failed(run(mesh, "optimize", "--objective", "MAX_FUN"), code=64)
    for objective in ("MIN_VOLATILITY", "RISK_PARITY", "INVERSE_VOLATILITY"):
        assert objective in line, line


def test_watch_knows_its_symbols(mesh):
    assert "ZZZ" in failed(run(mesh, "watch", "ZZZ"))
    answer = run(mesh, "watch", "AAPL", "ZZZ", "--updates", "2")
    assert answer.returncode == 0 and "AAPL" in answer.stdout
    assert "ZZZ" in answer.stderr and "ZZZ" not in answer.stdout


def test_import_names_refused_rows_by_line(new_mesh, tmp_path):
    mesh = new_mesh("--speed", "5", "--feed", "none").start()
    file = tmp_path / "AAPL.csv"
    rows = ["2005-01-03,1,2,1,1.5,10", "2005-01-04,1,2,1,much,10", "2005-01-05,1,0.5,1,1.5,10", "2005-01-06,1,2,1,1.5,10"]
    file.write_text(HEADER + "\n".join(rows) + "\n")
    answer = run(mesh, "import", file)
    assert answer.returncode == 0, answer.stderr
    assert "line 3: close" in answer.stdout and "line 4: " in answer.stdout, answer.stdout
    assert "2 bars written, 0 unchanged, 2 refused" in answer.stdout
    answer = run(mesh, "import", file, "--json")
    outcome = json.loads(answer.stdout)
    assert [outcome[count] for count in ("written", "unchanged", "refused")] == [0, 2, 2], outcome
    assert [row["line"] for row in outcome["refusedRows"]] == [3, 4], outcome
    file.write_text(HEADER + rows[1] + "\n")
    answer = run(mesh, "import", file)
    assert "every row was refused" in failed(answer)
    assert "line 2: close" in answer.stdout


def test_import_trains_a_symbol_once_it_has_enough(new_mesh, tmp_path):
    mesh = new_mesh("--feed", "none").start()
    days, day = [], date(2015, 1, 5)
    while len(days) < 700:
        days += [day] if day.weekday() < 5 else []
        day += timedelta(days=1)
    noise, close, rows = random.Random(1), 100.0, []
    for day in days:
        opened, close = close, close * (1 + noise.gauss(0, 0.01))
        high, low = max(opened, close) + 0.5, min(opened, close) - 0.5
        rows.append(f"{day},{opened:.4f},{high:.4f},{low:.4f},{close:.4f},{noise.randint(1000, 2000)}")
    file = tmp_path / "SLOW.csv"
    for some in (rows[:100], rows[100:]):
        file.write_text(HEADER + "\n".join(some) + "\n")
        answer = run(mesh, "import", file)
        assert answer.returncode == 0, answer.stderr
        assert ("SLOW has no model" in answer.stdout) == (some[0] == rows[0]), answer.stdout
    assert "SLOW" in answer.stdout.split("refused", 1)[1], "its figures"
    answer = run(mesh, "import", file)
    assert "HAS_CHAMPION" not in answer.stdout and "no model" not in answer.stdout, answer.stdout


def test_off_a_terminal_progress_is_plain_lines(new_mesh):
    mesh = new_mesh("--speed", "5").start()
    text = mesh.output()
    assert "training: " in text and "\x1b[" not in text and "\r" not in text, text
    mesh.wait("a session", lambda: mesh.get("/v1/market/replay-window").json()["feed"].get("sessionsDone", 0) > 0)
    mesh.stop()
    told = len(mesh.output())
    mesh.start()
    text = mesh.output()[told:]
    assert "importing" not in text and "training" not in text, "a second start has nothing to do"
    assert "going on after 2021-" in text, text


def test_a_program_reads_parts_by_their_names(new_mesh):
    mesh = new_mesh("--target", "market", "--json").start(ready=False)
    mesh.wait("it to be ready", lambda: '"ready"' in mesh.output())
    events = [json.loads(line) for line in mesh.output().splitlines()]
    assert [(e["event"], e["part"]) for e in events] == [("starting", "market"), ("ready", "market")]


def test_watch_goes_on_when_the_mesh_starts_anew(new_mesh):
    mesh = new_mesh("--speed", "5").start()
    command = [str(BINARY), "watch", "AAPL", "--json", "--server", mesh.url()]
    watch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(watch.stdout), daemon=True)
    reader.start()
    try:
        mesh.wait("first updates", lambda: len(lines) > 5)
        assert mesh.stop() == 0
        mesh.start()
        before = len(lines)
        mesh.wait("updates of the new process", lambda: len(lines) > before + 10, seconds=20)
        assert watch.poll() is None
    finally:
        watch.kill()
    trades = [json.loads(line) for line in lines]
    times = [t["eventTime"] for t in trades if "trade" in t and not t.get("isSnapshot")]
    assert times == sorted(times) and len(times) == len(set(times)), "no event twice, none out of order"
