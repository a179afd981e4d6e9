"""An incident in words: its timeline and its ladder. Every word is escaped here or by `ui.cards`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from domain.care import Look
from domain.clock import local
from domain.incidents import (
    ACTION_LABELS,
    CALLED_LABELS,
    CAUSE_LABELS,
    FOUND_LABELS,
    METHOD_LABELS,
    SERVICE_LABELS,
    WHO_LABELS,
    Called,
    Cause,
    Found,
    IncidentAction,
    Method,
    Service,
    Who,
)
from domain.outbox import Reach

LOOK_LABELS = {
    Look.OK: "看到平安信号",
    Look.CLOSED: "没看到平安信号",
    Look.UNCLEAR: "看不清",
    Look.TALKED: "与本人说上话",
    Look.HELP: "求助",
    Look.FINE: "本人报平安",
    Look.WEAK: "用水用电等迹象",
    Look.NONE: "长时间没有用水等迹象",
    Look.OFFLINE: "设备离线",
    Look.UNDO: "撤销",
}


REACHED = {
    Reach.TAKEN: ("done", "通道已收"),
    Reach.WAITING: ("sending", "待发"),
    Reach.NOWHERE: ("lost", "没有发出，请打电话"),
}


def clock(moment: datetime) -> str:
    then = local(moment)
    return f"{then.hour}:{then:%M}"


def changes(action: IncidentAction, detail: Mapping[str, Any]) -> tuple[str, ...]:
    """Say the codes of an event in words; a code that is not known is left out."""
    said = []
    if detail.get("late"):
        said.append(f"预警结束后才报来：{_label(ACTION_LABELS, IncidentAction, detail['late'])}")
    if "reached" in detail:
        whom = _label(CALLED_LABELS, Called, detail.get("whom"))
        said.append(f"打给{whom}，{'接通了' if detail['reached'] else '没有接通'}")
    if detail.get("eta") is not None and action in (IncidentAction.ACK, IncidentAction.ON_WAY):
        said.append(f"预计 {_number(detail['eta'])} 分钟到")
    if detail.get("who"):
        who = detail["who"] if isinstance(detail["who"], list) else [detail["who"]]
        said.append("应通知" + "、".join(_label(WHO_LABELS, Who, one) for one in who))
    for name, labels, kind in (
        ("look", LOOK_LABELS, Look),
        ("cause", CAUSE_LABELS, Cause),
        ("service", SERVICE_LABELS, Service),
        ("found", FOUND_LABELS, Found),
        ("method", METHOD_LABELS, Method),
    ):
        if word := _label(labels, kind, detail.get(name)):
            said.append(word)
    if "consent" in detail:
        said.append("本人事先同意开门" if detail["consent"] else "本人没有事先同意开门")
    if detail.get("hurried"):
        said.append("不再等，马上通知下一级")
    if detail.get("alone"):
        said.append("单人值班")
    return ("，".join(said),) if said else ()


def _label(labels: Mapping[Any, str], kind: Any, value: object) -> str:
    return labels[value] if value in list(kind) else ""


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def ladder_html(rungs: Iterable[Any], now: datetime) -> str:
    """Render the ladder: what was done with its time, what comes next with when, what would come after."""
    return f'<ol class="linli-ladder">{"".join(_rung(rung, now) for rung in rungs)}</ol>'


def _rung(rung: Any, now: datetime) -> str:
    who = "、".join(WHO_LABELS[one] for one in rung.who)
    if rung.is_next:
        kind = "next"
        left = max(0, round((rung.planned_at - now).total_seconds() / 60))
        when = f"下一步 {clock(rung.planned_at)}" + (f"，还有 {left} 分钟" if left else "，马上")
    elif rung.taken_at:
        kind, words = REACHED[rung.reached]
        when = f"{clock(rung.taken_at)} {words}"
    else:
        kind, when = "later", f"约 {clock(rung.planned_at)}"
    return f'<li class="{kind}"><b>{escape(who)}</b> <time>{when}</time><p>{escape(rung.text)}</p></li>'
