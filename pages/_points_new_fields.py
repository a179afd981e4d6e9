"""What is asked of a service, and what it will come to, said before it is saved."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import areas, award_rules, rules
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.awards import TIMELESS, Day, Facts, award, earns_points, method_of
from domain.clock import at_local, local, local_date
from domain.points import RECORD_KIND_LABELS, Method, RecordKind
from pages import _photos
from pages import _settings_form as form

_KINDS = {RECORD_KIND_LABELS[kind]: kind for kind in RecordKind}


@dataclass(frozen=True)
class Filled:
    """What was filled in, but for whom."""

    kind: RecordKind
    area_id: UUID
    started_at: datetime
    ended_at: datetime
    items: int
    note: str


def ask(who: Actor, here: Area, draft: form.Draft) -> Filled:
    label = st.segmented_control(
        "做了什么", list(_KINDS), default="志愿服务", required=True, key=draft.of("kind"), wrap=True
    )
    kind = _KINDS[str(label)]
    mine = [a for a in db.read(areas.visible, who) if a.community_id == here.id and has(who, "points.record", a.path)]
    names = {a.id: a.name for a in mine}
    area = st.selectbox("在哪里", list(names), format_func=names.__getitem__, key=draft.of("area"))
    now = local(clock.now())
    start, end = _times(kind, now, draft)
    items = 1
    if kind in (RecordKind.ROUND, RecordKind.MEDIATION):
        word = "户数" if kind is RecordKind.ROUND else "次数"
        items = int(st.number_input(word, 1, 200, 1, step=1, key=draft.of("items")))
    note = st.text_input("说明（可不填）", key=draft.of("note"), max_chars=200, placeholder="例如 帮张奶奶买菜")
    return Filled(kind, area or here.id, start, end, items, note)


def _times(kind: RecordKind, now: datetime, draft: form.Draft) -> tuple[datetime, datetime]:
    day: date = st.date_input("哪一天", now.date(), max_value=now.date(), format="YYYY-MM-DD", key=draft.of("day"))
    if kind in TIMELESS:
        moment = clock.now() if day == now.date() else at_local(day, time(12))
        return moment, moment
    hour = now.replace(minute=0, second=0, microsecond=0)
    first = (hour - timedelta(hours=1)).time() if hour.hour else time(0)
    left, right = st.columns(2)
    start = left.time_input("从", first, step=timedelta(minutes=15), key=draft.of("from"))
    end = right.time_input("到", hour.time(), step=timedelta(minutes=15), key=draft.of("to"))
    last = at_local(day, end) if end > start else at_local(day + timedelta(days=1), end)
    return at_local(day, start), last


def sheets(filled: Filled, draft: form.Draft) -> list[Any]:
    """Say what a back-fill comes to before it is saved, and take the photo that changes it."""
    if method_of(filled.ended_at, clock.now()) is not Method.BACKFILL:
        return []
    st.warning(
        "这是以前的服务，属于补录：只计时长，不计积分。"
        "3 天以内、附上有签名的签到表照片，经另一位同事核验，可以计积分。",
        icon=":material/info:",
    )
    return _photos.choose(draft.of("sheet"), "签到表照片（可不附）")[:1]


def forecast(here: Area, filled: Filled, evidence: bool) -> None:
    now = clock.now()
    rule = db.read(lambda s: award_rules.in_force(s, here.id, filled.kind, local_date(filled.ended_at)))
    method = method_of(filled.ended_at, now)
    facts = Facts(filled.kind, filled.started_at, filled.ended_at, now, method, filled.items, evidence=evidence)
    words = award(rule, facts, 0, 0, whole_day=Day(db.read(rules.get, "points.day_cap") * 10)).why
    st.caption(f"每人预计：{words}。" + ("" if earns_points(facts) else "不计积分。"))
