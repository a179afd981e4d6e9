"""A volunteer's round on a phone: light HTML that keeps working in a stairwell without a network.

`static/round.js` writes each tap into the phone under an id of its own and sends it until it is answered; here each
is one observation with that id, so that a tap sent twice counts once.
"""

import json
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import anyio
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

import db
from db import award_rules, rounds, rules
from db.looks import EARLY
from domain.access import Actor
from domain.awards import Rule, rule_words
from domain.care import SLOT_LABELS, Slot, WindowState
from domain.clock import local, local_date, now
from domain.errors import NotFound, Refused
from domain.ids import parse_id
from domain.points import RecordKind, points_text
from domain.rounds import SIGN_ASKS, Round, Stop
from web import errors, round_handover, round_looks
from web.render import render

_FILES = Path(__file__).parent / "static"
_KINDS = {".js": "text/javascript", ".css": "text/css"}
# what the buttons and colours of a stop go by
_SHOWN = {
    WindowState.SCHEDULED: "wait",
    WindowState.OPEN: "wait",
    WindowState.UNCHECKED: "late",
    WindowState.ALARM: "late",
    WindowState.UNCLEAR: "unclear",
    WindowState.SEEN_CLOSED: "closed",
    WindowState.EXCUSED: "away",
}
_WEEKDAYS = "一二三四五六日"


def routes() -> list[BaseRoute]:
    return [
        Route("/round", page),
        Route("/round/now", state),
        Route("/round/looks", looks, methods=["POST"]),
        Route("/round/numbers", numbers, methods=["POST"]),
        Route("/round/handover", round_handover.page, methods=["GET", "POST"]),
        Route("/round/sheet", sheet),
        Route("/round/round.js", _file("round.js")),
        Route("/round/round.css", _file("round.css")),
        Route("/round/worker.js", _file("round_worker.js", {"service-worker-allowed": "/round"})),
    ]


def _file(name: str, headers: dict[str, str] | None = None) -> Any:
    def answer(_request: Request) -> Response:
        return Response(_text(name), media_type=_KINDS[Path(name).suffix], headers=headers)

    return answer


@cache
def _text(name: str) -> str:
    return (_FILES / name).read_text("utf-8")


# --- what is shown -----------------------------------------------------------------------------------------------


def page(request: Request) -> Response:
    """Show the walk; without a script its list can still be read."""
    actor: Actor = request.scope["linli_actor"]
    moment = now()
    walk = db.read(rounds.today, actor=actor, now=moment)
    held = _page(actor, walk, moment)
    body = render(
        "round.html",
        stops=held["stops"],
        total=walk.owed,
        done=walk.owed - walk.left,
        greeting=f"{actor.name}，{_greeting(moment)}",
        day_words=held["dayWords"],
        slot_words=SLOT_LABELS[walk.slot] if walk.slot else "",
        phone=db.read(rules.get, name="duty_phone"),
        told=round_handover.TOLD.get(request.query_params.get("told", ""), ""),
        page=for_script(held),
    )
    return HTMLResponse(body)


def state(request: Request) -> Response:
    """Say how the walk stands now, to a page that is open."""
    moment, actor = now(), request.scope["linli_actor"]
    return JSONResponse(_page(actor, db.read(rounds.today, actor=actor, now=moment), moment))


def for_script(value: Any) -> Any:
    """Write JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _page(actor: Actor, walk: Round, moment: datetime) -> dict[str, Any]:
    return {
        "user": actor.user_id.hex,
        "asOf": int(moment.timestamp() * 1000),
        "day": walk.day.isoformat(),
        "dayWords": f"{walk.day.month}月{walk.day.day}日星期{_WEEKDAYS[walk.day.weekday()]}",
        "slot": walk.slot,
        "stops": [_stop(stop, moment) for stop in walk.stops],
        "points": _points(walk),
    }


def _stop(stop: Stop, moment: datetime) -> dict[str, Any]:
    yes, no = stop.words
    return {
        "window": stop.window_id.hex,
        "code": stop.code,
        "name": stop.name,
        "building": stop.building,
        "place": stop.place,
        "ask": SIGN_ASKS[stop.sign],
        "yes": yes,
        "no": no,
        "is": _SHOWN.get(stop.state, "ok"),
        "said": _said(stop),
        "from": _clock(stop.opens_at - EARLY) if moment < stop.opens_at - EARLY else "",
        "due": _clock(stop.due_at),
        "deaf": stop.hard_of_hearing,
        "told": stop.reach,
        "standsIn": stop.stands_in and stop.state in (WindowState.UNCHECKED, WindowState.ALARM),
    }


def _said(stop: Stop) -> str:
    yes, no = stop.words
    seen = f" {_clock(stop.seen_at)}" if stop.seen_at else ""
    return {
        WindowState.SCHEDULED: "待查看",
        WindowState.OPEN: "待查看",
        WindowState.UNCHECKED: "超时，请尽快看",
        WindowState.ALARM: "超时，请尽快看",
        WindowState.UNCLEAR: "看不清，再看一眼",
        WindowState.SEEN_OK: f"{yes}{seen}",
        WindowState.SEEN_CLOSED: f"{no}{seen}",
        WindowState.CLEARED_LATE: "平安",
        WindowState.CONFIRMED_EVENT: "社区已处理",
        WindowState.EXCUSED: "免查",
    }[stop.state]


def _points(walk: Round) -> str:
    """Say what the walk earns: for looking, never for what was seen."""
    if not walk.stops:
        return ""
    day = walk.day
    rule = db.read(award_rules.in_force, community_id=walk.stops[0].community_id, kind=RecordKind.ROUND, day=day)
    return f"{_earned(rule, walk.owed)}（{rule_words(rule)}），社区核实后记到您名下。" if rule.per_item else ""


def _earned(rule: Rule, count: int) -> str:
    full = rule.per_event + rule.per_item * count
    return f"按时看完 {count} 户约 {points_text(min(full, rule.day_cap or full))} 分"


def _clock(moment: datetime) -> str:
    there = local(moment)
    return f"{there.hour}:{there.minute:02d}"


def _greeting(moment: datetime) -> str:
    hour = local(moment).hour
    return "早上好" if 4 <= hour < 11 else "中午好" if hour < 13 else "下午好" if hour < 18 else "晚上好"


# --- what comes in -----------------------------------------------------------------------------------------------


async def looks(request: Request) -> Response:
    """Take the phone's taps and say of each what became of it."""
    actor: Actor = request.scope["linli_actor"]
    sent = await round_looks.read(request)
    if sent.get("user") != actor.user_id.hex:
        # another person's taps lie in this phone: they wait until that person is back
        return JSONResponse({"error": "请用记录时的账号登录。"}, 401)
    moment = now()
    return JSONResponse(await anyio.to_thread.run_sync(_take, actor, sent, moment))


def _take(actor: Actor, sent: dict[str, Any], moment: datetime) -> dict[str, Any]:
    results = [round_looks.take(actor, item, moment) for item in round_looks.items_in(sent)]
    after = now()
    walk = db.read(rounds.today, actor=actor, now=after)
    return {"results": results, "page": _page(actor, walk, after)}


async def numbers(request: Request) -> Response:
    sent = await round_looks.read(request)
    window_id = parse_id(str(sent.get("window")))
    return await anyio.to_thread.run_sync(_numbers, request.scope["linli_actor"], window_id)


def _numbers(actor: Actor, window_id: Any) -> Response:
    try:
        if window_id is None:
            raise NotFound()
        found = db.run(rounds.numbers, actor=actor, window_id=window_id, now=now())
    except Refused as refused:
        return JSONResponse({"error": refused.message}, 422)
    told = {"numbers": [{"who": one.who, "phone": one.phone} for one in found]}
    return JSONResponse(told if found else {"error": "没有登记电话，请敲门，或打值班电话。"})


# --- on paper ----------------------------------------------------------------------------------------------------


def sheet(request: Request) -> Response:
    """Print the 巡看表 of one volunteer: codes and windows only, it may be left lying."""
    asked = request.query_params
    moment = now()
    try:
        user_id, slot = parse_id(asked.get("user")), _slot(asked.get("slot"))
        day = _day(asked.get("day"), local_date(moment))
        actor: Actor = request.scope["linli_actor"]
        name, walk = db.read(rounds.sheet, actor=actor, user_id=user_id, day=day, slot=slot)
    except Refused as refused:
        status = 404 if isinstance(refused, NotFound) else 403
        return errors.page(status, errors.number_of(request), sentence=refused.message)
    body = render(
        "round_sheet.html",
        name=name,
        rows=[_stop(stop, now()) | {"owed": stop.is_owed} for stop in walk.stops],
        words=f"{day.month}月{day.day}日 星期{_WEEKDAYS[day.weekday()]} {SLOT_LABELS[slot]}",
        phone=db.read(rules.get, name="duty_phone"),
        printed=local(moment).strftime("%m-%d %H:%M"),
    )
    return HTMLResponse(body)


def _slot(text: str | None) -> Slot:
    return Slot(text) if text in list(Slot) else Slot.MORNING


def _day(text: str | None, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        raise HTTPException(404) from None
