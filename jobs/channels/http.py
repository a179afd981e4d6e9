"""One request with a limit on its whole duration, and a robot's answer read from it."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from domain.delivery import SEND_SECONDS, Answer, Outcome, read_answer
from domain.outbox import ChannelKind

CONNECT_SECONDS = 5.0
LIMIT_SECONDS = SEND_SECONDS
MOST_READ = 64 * 1024  # of an answer; robots say a line
# called as the last thing before a request leaves: who is killed later may have been heard
leaves: ContextVar[Callable[[], None]] = ContextVar("leaves", default=lambda: None)
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "linli"}


class Unreachable(Exception):
    """Nothing was sent."""


class Cut(Exception):
    """It was sent, or part of it, and no whole answer came: it may have arrived."""


@dataclass(frozen=True)
class Said:
    status: int
    body: bytes
    retry_after: str


class _InOnePiece(HTTPConnection):
    """Gathers a request, so that it leaves whole and at a moment that we know."""

    gathered = b""

    def send(self, data: Any) -> None:
        self.gathered += data

    def leave(self) -> None:
        mark = leaves.get()
        mark()
        self.sock.sendall(self.gathered)


class _InOnePieceSafely(_InOnePiece, HTTPSConnection):
    """The same over TLS."""


def request(url: str, *, body: Any = None) -> Said:
    """GET, or POST a body as JSON. A slow drip of bytes ends with the same limit as silence."""
    seconds, parts = LIMIT_SECONDS, urlsplit(url)
    makes = _InOnePieceSafely if parts.scheme == "https" else _InOnePiece
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    payload = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    try:
        connection = makes(parts.hostname or "", parts.port, timeout=min(CONNECT_SECONDS, seconds))
        connection.connect()
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(type(error).__name__) from error
    try:
        with _limited(connection, seconds):
            connection.request("GET" if payload is None else "POST", target, payload, _HEADERS)
            connection.leave()
            answer = connection.getresponse()
            return Said(answer.status, answer.read(MOST_READ), answer.headers.get("Retry-After", ""))
    except (OSError, HTTPException, ValueError) as error:
        raise Cut(type(error).__name__) from error
    finally:
        connection.close()


@contextmanager
def _limited(connection: HTTPConnection, seconds: float) -> Iterator[None]:
    """Close the line under whoever still reads when time is up: a socket's own timeout starts anew at each byte."""
    line, over = connection.sock, threading.Event()

    def hang_up() -> None:
        over.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    line.settimeout(seconds)
    watch = threading.Timer(seconds, hang_up)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        if over.is_set():  # whatever was read by then is no whole answer
            raise TimeoutError


def ask(kind: ChannelKind, url: str, body: dict[str, Any], field: str) -> Answer:
    """Post to a robot and judge its answer by the code in `field` of the body."""
    try:
        said = request(url, body=body)
    except Unreachable:
        return Answer(Outcome.REFUSED, "unreachable")
    except Cut as cut:
        return Answer(Outcome.UNKNOWN, "timeout" if "Timeout" in str(cut) else "cut")
    return read_answer(kind, said.status, _code(said.body, field), said.retry_after)


def _code(body: bytes, field: str) -> str:
    """Find the code in an answer; what is no JSON object has none."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    code = told.get(field) if isinstance(told, dict) else None
    return str(code) if isinstance(code, int | str) else ""
