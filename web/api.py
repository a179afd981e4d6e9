"""What devices write to: `POST /api/v1/signals`, by a key of their own. `docs/api.md` tells how."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

import db
from db import looks, signal_devices
from db.looks import Signal
from db.observations import Seen
from db.signal_devices import Device
from domain.care import Look
from domain.clock import now
from domain.errors import Busy, Invalid
from domain.ids import parse_id
from domain.rounds import MOST_ITEMS
from web import logs, proxy
from web.round_looks import read

A_MINUTE, AT_ONCE = 60, 30  # requests of a device
WRONG_KEYS = 20  # a minute, from one address
_BEARER = "bearer "
_KINDS = {look.value: look for look in (Look.HELP, Look.FINE, Look.WEAK, Look.NONE, Look.OFFLINE)}
_OLDEST = timedelta(days=2)  # what was seen longer ago is no news
_LATER = "系统出了点问题，请用同一个 id 再发一次。"


def routes() -> list[BaseRoute]:
    return [Route("/api/v1/signals", signals, methods=["POST"]), Route("/api/v1/{rest:path}", unknown)]


class Allowance:
    """So many at once, so many a minute, for each name; forgotten when there are too many names."""

    def __init__(self, a_minute: float, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._at_once, self._clock = a_minute / 60, at_once, clock
        self._held: dict[object, tuple[float, float]] = {}

    def left(self, name: object) -> float:
        tokens, then = self._held.get(name, (float(self._at_once), self._clock()))
        return min(tokens + (self._clock() - then) * self._rate, self._at_once)

    def take(self, name: object) -> bool:
        if (left := self.left(name)) < 1:
            return False
        if len(self._held) >= 10_000:
            self._held.clear()
        self._held[name] = (left - 1, self._clock())
        return True


_of_device = Allowance(A_MINUTE, AT_ONCE)
_of_strangers = Allowance(WRONG_KEYS, WRONG_KEYS)


def unknown(_request: Request) -> Response:
    return _refuse(404, "没有这个接口。")


async def signals(request: Request) -> Response:
    """Take a batch of signals and answer each of them; the same id again is the same signal."""
    address = proxy.address_of(request.scope)
    if _of_strangers.left(address) < 1:
        return _refuse(429, "密钥错误次数过多，请稍后再试。", wait=60)
    device = await anyio.to_thread.run_sync(_device, request)
    if device is None:
        _of_strangers.take(address)
        return _refuse(401, "设备密钥不对或已停用。")
    if not _of_device.take(device.id):
        return _refuse(429, "发送太频繁，请稍后再试。", wait=2)
    try:
        sent = await read(request)
    except HTTPException as refused:
        words = {413: "内容太大。", 415: "请用 application/json。"}
        return _refuse(refused.status_code, words.get(refused.status_code, "内容不是有效的 JSON。"))
    items = sent.get("signals")
    if not isinstance(items, list) or not items or len(items) > MOST_ITEMS:
        return _refuse(422, f"signals 应为 1 到 {MOST_ITEMS} 条的列表。")
    results = await anyio.to_thread.run_sync(_take_all, device, items, now())
    return JSONResponse({"results": results})


def _device(request: Request) -> Device | None:
    said = request.headers.get("authorization", "")
    if not said.lower().startswith(_BEARER) or len(said) > 200:
        return None
    return db.read(signal_devices.by_key, key=said[len(_BEARER) :].strip())


def _refuse(status: int, words: str, *, wait: int = 0) -> Response:
    return JSONResponse({"error": words}, status, {"retry-after": str(wait)} if wait else None)


def _take_all(device: Device, items: list[Any], moment: datetime) -> list[dict[str, Any]]:
    # one transaction each: the third of a batch must not hold up the call for help that is the fourth
    return [_take(device, item, moment) for item in items]


def _take(device: Device, item: Any, moment: datetime) -> dict[str, Any]:
    told = {"id": item.get("id") if isinstance(item, dict) else None, "ok": False}
    try:
        (done,) = db.run(looks.signals, device=device, items=[_signal(item, moment)], now=moment)
    except Invalid as refused:
        return told | {"why": refused.message}
    except Busy as busy:
        return told | {"why": busy.message, "later": True}
    except Exception as error:  # the others of the batch stand
        logs.failure(error, logs.new_number(), path="/api/v1/signals")
        return told | {"why": _LATER, "later": True}
    return told | ({"ok": True} if isinstance(done, Seen) else {"why": done})


def _signal(item: Any, moment: datetime) -> Signal:
    if not isinstance(item, dict):
        raise Invalid("每一条应为一个对象。")
    made, kind = parse_id(item["id"]) if isinstance(item.get("id"), str) else None, item.get("kind")
    if made is None:
        raise Invalid("id 应为 UUID，每条信号各用一个，重发时不变。", field="id")
    if kind not in _KINDS:
        raise Invalid(f"kind 应为 {'、'.join(_KINDS)} 之一。", field="kind")
    return Signal(made, _KINDS[kind], _at(item.get("at"), moment))


def _at(text: Any, moment: datetime) -> datetime:
    """Read when it was; without it now, and a clock ahead of ours is ours."""
    if text is None:
        return moment
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Invalid("at 应为带时区的 ISO 8601 时间，如 2026-11-22T07:30:00+08:00。", field="at") from None
    if at.tzinfo is None:
        raise Invalid("at 应带时区，如 2026-11-22T07:30:00+08:00。", field="at")
    if at < moment - _OLDEST:
        raise Invalid("这条信号太久以前了，没有记上。", field="at")
    return min(at.astimezone(UTC), moment)
