"""Debian's Chromium, driven by Playwright, and a page that remembers all that went wrong on it."""

import contextlib
import os
import shutil

from playwright.sync_api import Error, sync_playwright

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}

# Everything that a browser would fetch for itself is off: each request that is seen comes from the page.
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_TELL_VIOLATIONS = "addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective, e.blockedURI));"


def executable():
    """Where Chromium is, or None."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


@contextlib.contextmanager
def launched():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(ARGS))
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """A tab that notes its requests, WebSockets and errors from before its first byte."""

    def __init__(self, context, url):
        self.url = url
        self.requests, self.errors, self.sockets = [], [], []
        self.page = context.new_page()
        self.page.add_init_script(_TELL_VIOLATIONS)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("websocket", self._websocket)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text}")

    def _websocket(self, socket):
        self.requests.append(socket.url)
        self.sockets.append(socket)

    def open(self, path="/"):
        """Returns as soon as the first bytes are there, so that what follows can be timed."""
        self.page.goto(self.url + path, wait_until="commit")
        return self

    def at(self, handle):
        return self.page.get_by_test_id(handle)

    def text(self, handle):
        return self.at(handle).inner_text()

    def until(self, condition, seconds=10, argument=None):
        """Waits for a JavaScript function to be true; returns its answer."""
        try:
            return self.page.wait_for_function(condition, arg=argument, timeout=seconds * 1000).json_value()
        except Error as error:
            shown = self.page.evaluate("document.body.innerText")
            raise AssertionError(f"not within {seconds} s: {condition}\nthe page shows:\n{shown}") from error

    def until_text(self, handle, pattern, seconds=10):
        """Waits until the text of `handle` matches; returns it."""
        condition = (
            "([handle, pattern]) => { const text = document.querySelector(`[data-testid=${handle}]`)?.textContent ?? '';"
            " return new RegExp(pattern).test(text) && [text]; }"
        )
        return self.until(condition, seconds, [handle, pattern])[0]

    def until_live(self, seconds=10):
        self.until("() => document.querySelector('[data-testid=connection]')?.dataset.level === 'ok'", seconds)
        return self

    def until_sessions(self, least, seconds=10):
        """Waits until the replay has done so many sessions."""
        done = "/session (\\d+)/.exec(document.querySelector('[data-testid=replay-progress]').textContent)?.[1]"
        self.until(f"(least) => Number({done}) >= least", seconds, least)

    def open_sockets(self):
        return [socket for socket in self.sockets if not socket.is_closed()]
