"""Is the process alive, and can it serve: for a monitor or a proxy."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

import db
from db import engine, schema


def healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


def readyz(_request: Request) -> Response:
    reason = _what_is_missing()
    return PlainTextResponse(reason or "ok", 503 if reason else 200)


def _what_is_missing() -> str:
    try:
        db.read(engine.ping)
        return "" if schema.is_current(engine.get()) else "schema"
    except Exception:  # whatever the driver raises, the answer is the same
        return "database"
