"""The taps of a round as they come in: each judged on its own, none of them twice."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request

import db
from db import looks, rounds
from domain.access import Actor
from domain.care import Look, Source
from domain.errors import Busy, Invalid, Refused
from domain.ids import parse_id
from domain.rounds import MOST_BYTES, MOST_ITEMS, seen_at
from web import logs

NOBODY = "nobody"  # nobody answered at the door: no look, a step of the incident
_LOOKS = {look.value: look for look in (Look.OK, Look.CLOSED, Look.UNCLEAR, Look.TALKED)}
_LATER = "系统出了点问题，会自动再送。"


async def read(request: Request) -> dict[str, Any]:
    """Read a small JSON object; a form of another site can't send this type without asking."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400) from None
    if not isinstance(sent, dict):
        raise HTTPException(400)
    return sent


def items_in(sent: dict[str, Any]) -> list[Any]:
    found = sent.get("looks")
    if not isinstance(found, list) or len(found) > MOST_ITEMS:
        raise HTTPException(400)
    return found


def take(actor: Actor, item: Any, now: datetime) -> dict[str, Any]:
    """Say of one tap: accepted, refused and why, or to be sent again later."""
    told: dict[str, Any] = {"id": item.get("id") if isinstance(item, dict) else None}
    try:
        _take(actor, item, now)
    except Busy as busy:
        return told | {"ok": False, "later": True, "why": busy.message}
    except Refused as refused:
        return told | {"ok": False, "why": refused.message}
    except Exception as error:  # one that fails must not hold up those after it, nor be lost
        logs.failure(error, logs.new_number(), path="/round/looks")
        return told | {"ok": False, "later": True, "why": _LATER}
    return told | {"ok": True}


def _take(actor: Actor, item: Any, now: datetime) -> None:
    if not isinstance(item, dict):
        raise Invalid("这一条内容不完整，没有记上，请重新点一次。")
    made, window_id = _id(item.get("id")), _id(item.get("window"))
    at, kind = seen_at(item.get("age"), now), item.get("look")
    if kind == "undo":
        after = now - seen_at(item.get("after"), now)
        db.run(rounds.undo, actor=actor, observation_id=_id(item.get("undoes")), undo_id=made, after=after, now=now)
    elif kind == NOBODY:
        db.run(rounds.nobody_home, actor=actor, window_id=window_id, key=f"nobody-{made.hex}", now=now)
    elif kind in _LOOKS:
        call: dict[str, Any] = {"look": _LOOKS[kind], "source": Source.ROUND, "at": at, "window_id": window_id}
        db.run(looks.observe, actor=actor, observation_id=made, **call, now=now)
    else:
        raise Invalid("这一条内容不完整，没有记上，请重新点一次。")


def _id(text: Any) -> UUID:
    found = parse_id(text) if isinstance(text, str) else None
    if found is None:
        raise Invalid("这一条内容不完整，没有记上，请重新点一次。")
    return found
