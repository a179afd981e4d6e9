"""A real server with demo data, and somebody at a browser: for the tests and the guide's pictures."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.care import Sign, sign_words
from domain.care_board import slot_now
from domain.clock import now

ROOT = Path(__file__).parent.parent.parent
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# the program with another clock; no file of its own, whose folder would be searched for `pages` before the root
AHEAD = """
import sys
from datetime import timedelta
from domain import clock
real, ahead = clock.now, timedelta(seconds=float(sys.argv[1]))
clock.now = lambda: real() + ahead
import cli
sys.exit(cli.main(sys.argv[2:]))
"""
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def browser_file() -> str | None:
    return shutil.which("chromium") or shutil.which("msedge") or shutil.which("google-chrome")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    data: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    ahead: float = 0  # seconds by which its clock is not the machine's

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        program = ["-c", AHEAD, str(self.ahead)] if self.ahead else [str(ROOT / "cli.py")]
        command = [sys.executable, *program, "serve", "--no-browser", "--data", str(self.data)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LINLI_")}
        with (self.data.parent / "server.txt").open("ab") as log:
            call = [*command, "--port", str(self.port)]
            self.process = subprocess.Popen(call, stdout=log, stderr=log, env=environment, cwd=ROOT)
        try:
            self._wait()
        except AssertionError:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + 100  # two make their demo at once, perhaps beside other work
        while time.monotonic() < deadline:
            assert self.process and self.process.poll() is None, (self.data.parent / "server.txt").read_text()
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:  # refused, or slow on a busy machine
                time.sleep(0.1)
        raise AssertionError("the server was not ready within 100 s")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)


@dataclass
class Visitor:
    """Somebody at a browser of their own."""

    page: Any
    server: Server
    outside: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def log_in(self, name: str, at: str = "/login") -> None:
        """Log in; `at` another page the gate comes first and leads back to it: no home is loaded for nothing."""
        self.open(at)
        self.page.get_by_role("button", name=name).click()
        self.page.wait_for_url(lambda url: "/login" not in url, wait_until="commit")

    @property
    def drawer(self) -> Any:
        return self.page.get_by_role("dialog")

    def sees(self, words: str) -> None:
        from playwright.sync_api import expect

        expect(self.page.get_by_text(words).locator("visible=true").first).to_be_visible(timeout=15_000)

    def is_still(self) -> None:
        """Wait until no script runs and the page has stood as it is for a moment."""
        self.page.wait_for_function(
            """() => {
                const busy = '[data-testid=stStatusWidget], [data-test-script-state=running]';
                if (document.querySelector(busy)) return false;
                // what stands there before the page does is drawn over: nothing done to it would last
                return !document.querySelector('#linli-first')?.checkVisibility({visibilityProperty: true});
            }"""
        )
        self.page.evaluate(
            """() => new Promise(done => {
                let timer = setTimeout(done, 300);
                new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 300); })
                    .observe(document.body, {childList: true, subtree: true, attributes: true});
                setTimeout(done, 5000);
            })"""
        )

    def press(self, name: str) -> None:
        """Press a button of the drawer; typing is finished first, as a person's hand leaves the field."""
        self.drawer.get_by_role("button", name=name, exact=True).click(delay=80)

    def choose(self, label: str, option: str) -> None:
        self.drawer.get_by_label(label).first.click()
        self.page.get_by_role("option", name=option).first.click()

    @property
    def path(self) -> str:
        """Where it is, as a link to pass on."""
        return str(self.page.url).removeprefix(self.server.url)

    def open(self, path: str) -> None:
        self.page.goto(self.server.url + path)


def not_there() -> str:
    """Say what a curtain that gives no sign is called at this hour."""
    return sign_words(Sign.CURTAIN, slot_now(now()))[1]
