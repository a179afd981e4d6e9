"""A data folder of a size, the server on it, and a way in."""

import gc
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

import db
import settings
from bench.tables import Figures, milliseconds
from db import engine, sessions, setup
from db.sessions import Visitor
from demo import town
from demo.plan import town as plan_of
from domain.access import Actor
from domain.clock import now
from domain.errors import Refused
from settings import Settings

SIZES = {"10k": (10_000, 3), "1M": (1_000_000, 3), "10M": (10_000_000, 8)}
ROOT = Path(__file__).parent.parent
START_SECONDS = 300  # on a busy machine; one that ends is noticed at once
pace = 1  # `--quick` raises it: what is measured so often is measured the less


def use(folder: Path, size: str) -> None:
    """Put the folder's database in force, made first if it is not there."""
    engine.dispose()
    held = settings.use(Settings(data_dir=folder))
    if held.is_demo and not held.demo_file.exists():
        count, years = SIZES[size]
        print(f"making {count:,} tickets in {folder} …", flush=True)
        town.build(plan_of(count, years=years, brief=size == "10M"), size=size, seed=1, now=now())
        gc.collect()
        gc.freeze()  # what that left is no part of what is measured
    # an older folder is brought up to this version here: that may take long, and is no part of a start
    setup.prepare(now=now(), tell=print)


def times(usual: int) -> int:
    return max(2, usual // pace)


def enter(login: str = "demo-coordinator") -> tuple[str, Actor]:
    """Log in as the login page would; give the cookie's token and who that is."""
    token = db.run(sessions.log_in_demo, login=login, visitor=Visitor(address="127.0.0.1"), now=now()).token
    actor = sessions.identify(token, now=now(), active=False)
    assert actor
    return token, actor


@dataclass
class Server:
    url: str
    process: psutil.Process
    started: float = 0.0  # seconds until it could serve

    def cpu(self) -> float:
        """Give the CPU seconds spent so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        return int(self.process.memory_info().rss)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bench.server", str(folder), str(port)]
    start = time.perf_counter()
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT) as child,
    ):
        try:
            server = Server(f"http://127.0.0.1:{port}", psutil.Process(child.pid))
            if not _answers(f"{server.url}/readyz", child):
                said.seek(0)
                told = said.read().decode(errors="replace").split("\n")
                raise Refused(
                    f"被测的服务器没有启动，它最后说：{' '.join(filter(None, told[-6:])) or '（没有说什么）'}"
                )
            server.started = time.perf_counter() - start
            yield server
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()


def tell_start(figures: Figures, size: str, server: Server) -> None:
    """Note what the start cost; to be asked before anything else is."""
    figures.add(size, "server start, wall", milliseconds(server.started), "ms")
    figures.add(size, "server start, CPU", milliseconds(server.cpu()), "ms")


def _answers(url: str, child: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urlopen(url, timeout=2):
                return True
        except (URLError, OSError):
            time.sleep(0.1)
    return False
