"""「今天去不了」: a volunteer gives today's walk to each elder's backup or to somebody they share elders with."""

from datetime import date
from functools import partial
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import db
from db import handovers, rounds, rules
from db.rounds import Ahead
from domain.access import Actor
from domain.care import SLOT_LABELS, HandoverState
from domain.clock import local_date, now
from domain.errors import Invalid, Refused
from domain.ids import new_key, parse_id
from web.forms import form
from web.render import render

TO_BACKUPS = "backups"
# what the round says when one comes back to it
TOLD = {
    "offered": "已经请对方代看。对方答应以前还由您负责；到时没答应，系统会交给各家的备份志愿者。",
    "assigned": "已经交给各家的备份志愿者，社区也看得到，您放心休息。",
}


async def page(request: Request) -> Response:
    actor: Actor = request.scope["linli_actor"]
    if request.method != "POST":
        return await anyio.to_thread.run_sync(_show, actor)
    sent = await form(request)
    try:
        state = await anyio.to_thread.run_sync(_offer, actor, sent)
    except Refused as refused:
        return await anyio.to_thread.run_sync(partial(_show, actor, error=refused.message, status=422))
    told = "offered" if state is HandoverState.OFFERED else "assigned"
    return RedirectResponse(f"/round?told={told}", 303)


def _show(actor: Actor, *, error: str = "", status: int = 200) -> Response:
    moment = now()
    walks = db.read(rounds.ahead, actor=actor, now=moment)
    body = render(
        "round_handover.html",
        error=error,
        walks=[(_name(walk), _words(walk, local_date(moment))) for walk in walks],
        partners=db.read(rounds.partners, actor=actor),
        backups=TO_BACKUPS,
        phone=db.read(rules.get, name="duty_phone"),
        key=new_key(),
    )
    return HTMLResponse(body, status)


def _name(walk: Ahead) -> str:
    return f"{walk.day.isoformat()}/{walk.slot}"


def _words(walk: Ahead, today: date) -> str:
    return f"{'今天' if walk.day == today else '明天'}{SLOT_LABELS[walk.slot]}，{walk.count} 户"


def _offer(actor: Actor, sent: dict[str, str]) -> HandoverState:
    moment = now()
    walks = {_name(walk): walk for walk in db.read(rounds.ahead, actor=actor, now=moment)}
    walk, chosen = walks.get(sent.get("walk", "")), sent.get("to", "")
    to_id = parse_id(chosen)
    if walk is None:
        raise Invalid("这一次巡看已经看完或交给别人了，请重新选择。", field="walk")
    if to_id is None and chosen != TO_BACKUPS:
        raise Invalid("请选一位，或选“各家的备份志愿者”。", field="to")
    call: dict[str, Any] = {"day": walk.day, "slot": walk.slot, "to_id": to_id}
    return db.run(handovers.offer, actor=actor, **call, key=sent.get("key", ""), now=moment).state
