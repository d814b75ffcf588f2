"""The dashboard as a reader sees it: a real Chromium at a phone's and a desk's size."""

import re
import signal
import time
from urllib.parse import urlsplit

import pytest
from chromium import DESKTOP, PHONE, Tab, executable, launched
from conftest import Mesh

SYMBOLS = ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]
VIEWPORTS = [pytest.param(PHONE, id="390x844"), pytest.param(DESKTOP, id="1440x900")]
BANNER = r"^REPLAY \d{4}-\d\d-\d\d · 2 days/s · out of sample$"
INTERVAL = r"^Next close \d{4}-\d\d-\d\d: 90 % between [\d,.]+ and [\d,.]+"
SCORE = r"^model \d+\.\d{3} × persistence \(n = \d+(, ± \d+\.\d{3})?\)$"
UP, DOWN = "#0072b2", "#d55e00"

pytestmark = pytest.mark.skipif(executable() is None, reason="chromium is not installed: apt-get install chromium")


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    """A mesh whose replay outlasts the tests that watch it move: 684 sessions at two a second."""
    mesh = Mesh(tmp_path_factory.mktemp("browser") / "data", "--speed", 2)
    mesh.start()
    yield mesh
    mesh.stop()


@pytest.fixture(params=VIEWPORTS)
def context(browser, request):
    context = browser.new_context(viewport=request.param, color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def desk(browser):
    context = browser.new_context(viewport=DESKTOP)
    yield context
    context.close()


def rows(handle, count):
    return f"() => document.querySelectorAll('[data-testid={handle}] > *').length === {count}"


def sessions_done(tab):
    return int(re.match(r"session (\d+) of 684", tab.until_text("replay-progress", r"^session \d+ of")).group(1))


def assert_moves(tab, sessions=2, seconds=10):
    tab.until_sessions(sessions_done(tab) + sessions, seconds)


def assert_fits(tab):
    width, inner = tab.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner, f"{width} pixels of content on {inner} pixels of screen"


def assert_only_asks(tab, mesh):
    hosts = {urlsplit(url).netloc for url in tab.requests}
    assert hosts == {urlsplit(mesh.url()).netloc}, tab.requests


def test_within_a_second_the_parts_are_shown_and_within_two_of_ready_all_else(new_mesh, context):
    mesh = new_mesh("--speed", 2).start(ready=False)
    mesh.wait("the first door", lambda: mesh.get("/livez").status_code == 200, seconds=5)
    tab = Tab(context, mesh.url()).open()
    # The page's own clock begins with its loading.
    told = (
        "() => { const of = (name) => document.querySelector(`[data-testid=parts] [data-key=${name}]`)?.dataset.status ?? 'asking';"
        " return ['gateway', 'market', 'model', 'portfolio'].every((name) => of(name) !== 'asking') && performance.now(); }"
    )
    assert tab.until(told) < 1000, "the parts and their states within a second of loading"
    tab.until("() => /(market|model|portfolio) \\w/.test(document.querySelector('[data-testid=latches]').textContent)")
    assert_fits(tab)
    mesh.wait_ready()
    ready, took = time.monotonic(), {}
    for what, wait in {
        "banner": lambda: tab.until_text("banner", BANNER, 5),
        "candles": lambda: tab.until_text("last", r"\d", 5),
        "signals": lambda: tab.until(rows("signals-body", 6), 5),
        "interval": lambda: tab.until_text("interval", INTERVAL, 5),
        "weights": lambda: tab.until(rows("weights-list", 6), 5),
        "score": lambda: tab.until_text("score-list", r"n = \d+", 5),
    }.items():
        wait()
        took[what] = round(time.monotonic() - ready, 2)
    assert max(took.values()) < 2, f"all of it within two seconds of ready, not {took}"
    assert tab.errors == [], "a start is no error"
    for name in ("gateway", "market", "model", "portfolio"):
        tab.until("(name) => /^(ready|serving)$/.test(document.querySelector(`[data-key=${name}]`).dataset.status)", 6, name)


def test_says_what_is_replayed_how_fast_and_that_it_is_out_of_sample(replay, context):
    tab = Tab(context, replay.url()).open().until_live()
    tab.until_text("banner", BANNER)
    assert re.match(r"^session \d+ of 684", tab.until_text("replay-progress", "session"))
    assert tab.text("connection") == "live"
    assert tab.text("alert") == ""


# The share of the chart's width that the marks of a colour (`#rrggbb`) span.
SPAN = """(colour) => {
  const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const spans = [...document.querySelectorAll('[data-testid=chart] canvas')].map((canvas) => {
    if (!canvas.width || !canvas.height) return 0;
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let [left, right] = [width, 0];
    for (let i = 0; i < data.length; i += 4)
      if (wanted.every((value, at) => data[i + at] === value)) {
        left = Math.min(left, (i / 4) % width);
        right = Math.max(right, (i / 4) % width);
      }
    return Math.max(0, right - left) / width;
  });
  return Math.max(0, ...spans) > 0.5;
}"""


def test_draws_candles_with_history_in_both_colours_and_says_the_next_interval(replay, context):
    tab = Tab(context, replay.url()).open().until_live()
    tab.until_text("interval", INTERVAL)
    tab.until(SPAN, 5, UP)
    tab.until(SPAN, 5, DOWN)
    label = tab.at("chart").get_attribute("aria-label")
    assert re.match(r"^AAPL daily candles to \d{4}-\d\d-\d\d, close [\d,.]+$", label), label
    assert tab.page.get_by_text("Charts by TradingView").is_visible(), "the chart library is named"


def test_history_that_comes_after_live_candles_is_shown(replay, context):
    tab = Tab(context, replay.url())
    held = []
    tab.page.route("**/tickmesh.market.v1.MarketService/ListBars", lambda route: held.append(route))
    tab.open().until_live()
    tab.until_text("replay-progress", "session")
    assert_moves(tab, sessions=4)
    assert held, "history is asked for"
    for route in held:
        route.continue_()
    tab.until(SPAN, 5, DOWN)


def test_another_symbol_changes_chart_price_and_interval(replay, context):
    tab = Tab(context, replay.url()).open().until_live()
    tab.until(rows("signals-body", 6))
    charted = "(symbol) => document.querySelector('[data-testid=chart]').getAttribute('aria-label').startsWith(`${symbol} `)"
    tab.at("symbol-picker").select_option("NVDA")
    tab.until(charted, argument="NVDA")
    tab.at("signals-body").get_by_role("button", name="NFLX").click()
    tab.until(charted, argument="NFLX")
    assert tab.at("symbol-picker").input_value() == "NFLX"
    tab.until_text("interval", INTERVAL)
    # The heading and the table say the same close at any moment.
    closes = tab.page.evaluate(
        "[document.querySelector('[data-testid=last]').textContent, document.querySelector('[data-key=NFLX] .last').textContent]"
    )
    assert closes[0] and closes[0] == closes[1]


def test_every_symbol_has_a_signal_with_its_reasons_and_a_mark_beside_each_colour(replay, context):
    tab = Tab(context, replay.url()).open().until_live()
    tab.until(rows("signals-body", 6))
    table = tab.at("signals-body").locator("tr")
    assert [row.get_attribute("data-key") for row in table.all()] == SYMBOLS
    for text in table.all_inner_texts():
        assert re.search(r"▲\s*BUY|▼\s*SELL|■\s*HOLD", text), text
        assert re.search(r"edge|cost|interval|leans|no lean", text), f"no reason in {text}"
        assert re.search(r"[+−]\d+\.\d\d %", text), f"no expected return in {text}"


def test_weights_add_up_and_the_score_stands_beside_persistence_with_its_n(replay, context):
    tab = Tab(context, replay.url()).open().until_live()
    tab.until(rows("weights-list", 6))
    weights = [float(text.rstrip(" %")) for text in tab.at("weights-list").locator(".weight-value").all_inner_texts()]
    assert abs(sum(weights) - 100) < 0.5, weights
    assert re.search(r"as of \d{4}-\d\d-\d\d", tab.text("weights-summary"))
    tab.until_text("score-list", r"× persistence \(n = \d+")
    shown = tab.page.evaluate(
        "[...document.querySelectorAll('[data-testid=score-list] > *')].map((row) =>"
        " ({ name: row.dataset.key, text: row.querySelector('.score-text').textContent, isFew: row.classList.contains('is-few') }))"
    )
    assert [row["name"] for row in shown] == ["All", *SYMBOLS]
    for row in shown:
        assert re.match(SCORE, row["text"]), row
        outcomes = int(re.search(r"n = (\d+)", row["text"]).group(1))
        assert row["isFew"] == (outcomes < 30), f"grey below 30 outcomes: {row}"


def test_figures_move_while_the_replay_goes_on(replay, context):
    tab = Tab(context, replay.url()).open().until_live()
    tab.until(rows("signals-body", 6))
    tab.until_text("interval", INTERVAL)
    tab.until_text("score-list", r"n = \d+")
    handles = ["banner", "last", "interval", "signals-body", "weights-list", "weights-summary", "score-list"]
    before = {handle: tab.at(handle).text_content() for handle in handles}
    assert_moves(tab, sessions=4)
    for handle, text in before.items():
        changed = "([handle, before]) => document.querySelector(`[data-testid=${handle}]`).textContent !== before"
        tab.until(changed, 6, [handle, text])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(replay, context, scheme):
    tab = Tab(context, replay.url())
    tab.page.emulate_media(color_scheme=scheme)
    tab.open().until_live()
    tab.until(rows("signals-body", 6))
    tab.until(rows("weights-list", 6))
    assert_fits(tab)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_asks_no_other_host_and_breaks_no_policy(replay, context, path):
    tab = Tab(context, replay.url())
    with tab.page.expect_response(replay.url(path)) as page:
        tab.open(path)
    if path == "/":
        tab.until_live()
        tab.until(rows("signals-body", 6))
        assert_moves(tab)
    else:
        tab.until("() => document.querySelector('#content').textContent.includes('/predict')")
    assert_fits(tab)
    assert "default-src 'self'" in page.value.headers["content-security-policy"]
    assert_only_asks(tab, replay)
    assert tab.errors == []


def test_four_tabs_at_once_all_live_on_one_websocket_each(replay, desk):
    tabs = [Tab(desk, replay.url()).open() for _ in range(4)]
    for tab in tabs:
        tab.until_live()
        tab.until_text("banner", BANNER)
        tab.until(rows("signals-body", 6))
        tab.until(rows("weights-list", 6))
        tab.until_text("interval", INTERVAL)
    for tab in tabs:
        assert_moves(tab)
    for tab in tabs:
        assert len(tab.sockets) == 1 and len(tab.open_sockets()) == 1
        assert tab.errors == []


def test_a_page_that_is_loaded_after_the_end_says_every_days_change(new_mesh, desk):
    mesh = new_mesh("--speed", 1000, "--replay-from", "2023-08-01").start()
    mesh.wait("the end", lambda: mesh.get("/v1/market/replay-window").json()["feed"]["state"] == "FEED_STATE_ENDED")
    changes = {}
    for symbol in SYMBOLS:
        snapshot = mesh.get(f"/market/realtime/{symbol}").json()
        changes[symbol] = f"{abs(snapshot['dayChange']) * 100:.2f} %"
    tab = Tab(desk, mesh.url()).open()
    tab.until(rows("signals-body", 6))
    shown = (
        "() => [...document.querySelectorAll('[data-testid=signals-body] > *')]"
        ".every((row) => row.querySelector('.last-change').textContent !== '')"
    )
    tab.until(shown, 5)
    for symbol, change in changes.items():
        text = tab.at("signals-body").locator(f"[data-key={symbol}] .last-change").inner_text()
        assert text.endswith(change), (symbol, text, change)


def test_a_hidden_tab_closes_its_websocket_and_goes_on_when_shown(replay, desk):
    tab = Tab(desk, replay.url()).open().until_live()
    # Headless tabs are never hidden, so the page is told what a browser tells it.
    hide = (
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    tab.page.evaluate(hide, True)
    tab.until_text("connection", "^paused$", 2)
    tab.page.wait_for_timeout(1500)
    assert tab.open_sockets() == []
    assert tab.text("alert") == "", "a pause is no alarm"
    tab.page.evaluate(hide, False)
    tab.until_live(3)
    assert len(tab.open_sockets()) == 1
    assert_moves(tab)


def test_says_that_the_connection_is_lost_and_recovers_after_a_new_start(new_mesh, context):
    mesh = new_mesh("--speed", 2).start()
    tab = Tab(context, mesh.url()).open().until_live()
    tab.until_text("banner", BANNER)
    tab.until(rows("signals-body", 6))
    done = sessions_done(tab)
    mesh.kill()
    killed = time.monotonic()
    tab.until_text("alert", "connection is lost|cannot be reached", 3)
    assert time.monotonic() - killed < 1.5, "said within about a second"
    tab.page.wait_for_timeout(2500)
    assert re.search("connection is lost|cannot be reached", tab.text("alert")), "and goes on saying so"
    assert_fits(tab)
    mesh.start()
    tab.until_live(10)
    assert tab.text("alert") == ""
    tab.until_text("banner", BANNER)
    assert sessions_done(tab) >= done
    assert_moves(tab)


def test_says_that_data_is_stale_when_the_mesh_hangs_and_recovers(new_mesh, desk):
    mesh = new_mesh("--speed", 2).start()
    tab = Tab(desk, mesh.url()).open().until_live()
    tab.until_text("banner", BANNER)
    mesh.process.send_signal(signal.SIGSTOP)
    try:
        # A heartbeat is promised each second; the page says so a second after one is missing, and from then on.
        tab.until_text("alert", "Stale|connection is lost|cannot be reached", 3)
        tab.page.evaluate(
            "() => { window.silences = 0; setInterval(() => {"
            " if (document.querySelector('[data-testid=alert]').textContent === '') window.silences += 1; }, 20); }"
        )
        tab.until("() => document.querySelector('[data-key=gateway]').dataset.status === 'unreachable'", 5)
        tab.page.wait_for_timeout(3000)
        assert tab.page.evaluate("window.silences") == 0
    finally:
        mesh.process.send_signal(signal.SIGCONT)
    tab.until_live(12)
    tab.until_text("alert", "^$")
    assert_moves(tab)
