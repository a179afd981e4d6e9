"""A robot's server on loopback that misbehaves as the real ones do, and keeps a log of what it took."""

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OK = "ok"
CODE = "code"  # 200 with an error code: CODE:45009
STATUS = "status"  # STATUS:500
HANG = "hang"
DRIP = "drip"
CUT = "cut"  # accepts, then cuts the line
BEFORE = "before"  # cuts the line without accepting


@dataclass
class Taken:
    """One request as the gateway saw it."""

    path: str
    body: dict[str, Any]
    at: float
    accepted: bool

    @property
    def text(self) -> str:
        inner = self.body.get("text") or self.body.get("content") or {}
        return str(inner.get("content") or inner.get("text") or "")


@dataclass
class Gateway:
    """`plan` says how the next requests go, one after another; when it is empty they go as `mood` says."""

    address: str = ""
    log: list[Taken] = field(default_factory=list)
    plan: deque[str] = field(default_factory=deque)
    mood: str = OK
    clock: Any = time.time  # a test with a clock of its own gives that
    most_a_minute: int | None = None  # then it is mute for ten minutes, as DingTalk
    mute_until: float = 0
    let_go: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def accepted(self) -> list[str]:
        return [one.text for one in self.log if one.accepted]

    def url(self, name: str = "robot") -> str:
        return f"{self.address}/send?key={name}"

    def wait_for(self, count: int, seconds: float = 20) -> None:
        with self.came:
            assert self.came.wait_for(lambda: len(self.log) >= count, seconds), f"{len(self.log)} of {count} came"

    def busiest_minute(self, path: str | None = None) -> int:
        """Count the most requests that came within any sixty seconds."""
        times = sorted(one.at for one in self.log if path in (None, one.path))
        return max((sum(start <= at < start + 60 for at in times) for start in times), default=0)

    def judge(self, path: str, body: dict[str, Any]) -> str:
        with self.lock:
            how = self.plan.popleft() if self.plan else self.mood
            at = self.clock()
            at = at.timestamp() if isinstance(at, datetime) else at
            if at < self.mute_until:
                how = "code:130101"
            elif self.most_a_minute and sum(one.at > at - 60 for one in self.log) >= self.most_a_minute:
                self.mute_until, how = at + 600, "code:130101"
            accepted = how in (OK, CUT, HANG, DRIP)
            self.log.append(Taken(path, body, at, accepted))
        with self.came:
            self.came.notify_all()
        return how


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any]) -> None:
            how, _, detail = gateway.judge(self.path, body).partition(":")
            if how in (CUT, BEFORE):
                # no orderly end: the other side sees a reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            if how == HANG:
                gateway.let_go.wait(30)
                return
            status = int(detail) if how == STATUS else 200
            code = int(detail) if how == CODE else 0
            said = json.dumps({"errcode": code, "code": code, "errmsg": "x"}).encode()
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self._write(said, slowly=how == DRIP)

        def _write(self, said: bytes, *, slowly: bool) -> None:
            for n in range(0, len(said), 1 if slowly else len(said)):
                self.wfile.write(said[n : n + (1 if slowly else len(said))])
                self.wfile.flush()
                if slowly and gateway.let_go.wait(0.2):
                    return

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (OSError, ValueError):  # the line is gone: that was the plan
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                return

        def log_message(self, *_args: Any) -> None:
            """Say nothing: the log is the gateway's own."""

    return Handler


@contextmanager
def serve() -> Iterator[Gateway]:
    gateway = Gateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(gateway))
    server.daemon_threads = True
    gateway.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Clock:
    """A clock that a test turns."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.at
