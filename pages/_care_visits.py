"""探访: the month's visits with exactly who has had none."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import streamlit as st

import db
from db import care_register, pair_visits
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.care import TIER_LABELS, Duty
from domain.care_register import REMIND_FROM_DAY, Entry, Visits
from domain.clock import local_date
from pages import _care_coverage, _points_export
from pages import _settings_form as form
from pages import _settings_table as table

_NAMED = 3  # the whole list is one tap away
_COLUMNS = (("编号", 8), ("楼栋", 12), ("网格", 14), ("关注等级", 10), ("主责", 10), ("备份", 10))


def reminder(who: Actor) -> None:
    """Put at the top, from the twentieth on, who has not been visited this month."""
    now = clock.now()
    if local_date(now).day < REMIND_FROM_DAY:
        return
    codes = _unvisited(who, local_date(now))
    if codes:
        more = "等" if len(codes) > _NAMED else ""
        with st.container(horizontal=True, vertical_alignment="center", key="unvisited"):
            st.warning(
                f"本月还有 {len(codes)} 户没有探访：{'、'.join(codes[:_NAMED])}{more}。", icon=":material/event_busy:"
            )
            st.button("看名单", on_click=_open, key="see-unvisited")


@st.cache_resource(ttl=60, max_entries=500, show_spinner=False, hash_funcs={Actor: repr})
def _unvisited(who: Actor, day: date) -> list[str]:
    """Read it once a minute: it is the matter of a month, and each run of the page asks."""
    del day
    return db.read(care_register.unvisited, actor=who, now=clock.now())


def _open() -> None:
    st.session_state["part"] = "探访"


def show(who: Actor, here: Area) -> None:
    now = clock.now()
    month = db.read(care_register.visits, actor=who, community_id=here.id, now=now)
    if not month.rate.n and not month.left_out:
        st.info("还没有登记老人，登记以后这里按月统计探访。", icon=":material/info:")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _month(who, here, month)
    with right:
        if has(who, "care.look") and not who.read_only:
            _record(who, here)
    _care_coverage.show(who, here)


def _month(who: Actor, here: Area, month: Visits) -> None:
    name, rate = f"{month.month.year}年{month.month.month}月", month.rate
    meant = f"{rate.kpi.formula}。不计：{rate.kpi.exclusions}。口径第 {rate.kpi.version} 版"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.metric(f"{rate.kpi.name}（{month.month.month}月）", rate.text, width=200, help=meant)
        st.metric("已探访（户）", f"{rate.numerator} / {rate.n}", width=180)
        st.metric("其中只打了电话", month.by_phone, width=160)
        st.space("stretch")
        _export(who, here)
    if month.left_out:
        st.caption(f"名册上另有 {month.left_out} 户本月不计：没有同意书，或整月外出（已告知）。")
    if not rate.n:
        st.info("还没有应探访的老人：登记同意书以后，从那个月起统计。", icon=":material/info:")
        return
    if not month.missing:
        st.success(f"{name}应探访的每一户都探访过了。", icon=":material/check:")
        return
    st.markdown(f"**还没有探访的 {len(month.missing)} 户**")
    table.plain([_row(entry) for entry in month.missing], empty="", alt="本月还没有探访的老人")


def _recorded(entry: Entry) -> str:
    _unvisited.clear()
    return f"已登记 {entry.code} 的探访。"


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "编号": entry.code,
        "楼栋": entry.building,
        "网格": entry.grid,
        "关注等级": TIER_LABELS[entry.tier],
        "主责": entry.looker(Duty.PRIMARY),
        "备份": entry.looker(Duty.BACKUP),
    }


def _export(who: Actor, here: Area) -> None:
    def rows(actor: Actor) -> Iterator[Sequence[object]]:
        month = db.read(care_register.visits, actor=actor, community_id=here.id, now=clock.now())
        yield from (tuple(_row(entry).values()) for entry in month.missing)

    _points_export.offer(who, here, "本月未探访", _COLUMNS, rows)


def _record(who: Actor, here: Area) -> None:
    entries = db.read(care_register.listed, actor=who, community_id=here.id, now=clock.now())
    held = {e.id: e for e in sorted(entries, key=lambda e: (e.visited_on is not None, e.code))}
    people = {one.user_id: one.name for one in db.read(care_register.loads, actor=who, community_id=here.id)}
    st.markdown("**登记探访**")
    elder = st.selectbox(
        "老人", list(held), format_func=lambda i: f"{held[i].code} · {held[i].building}", key="visit-of"
    )
    draft = form.draft("care.visit", elder)
    with st.form(draft.of("form")):
        usual = held[elder].lookers.get(Duty.PRIMARY)
        place = list(people).index(usual[0]) if usual and usual[0] in people else None
        by = st.selectbox(
            "谁去的", list(people), place, format_func=people.__getitem__, placeholder="选择", key=draft.of("by")
        )
        today = local_date(clock.now())
        day = st.date_input("哪一天", today, max_value=today, format="YYYY-MM-DD", key=draft.of("on"))
        phone = st.checkbox("是打电话，没有上门", key=draft.of("phone"))
        if draft.submit("登记这次探访"):
            call: dict[str, Any] = {"elder_id": elder, "visited_on": day, "by_id": by or who.user_id, "by_phone": phone}
            form.attempt(
                draft,
                lambda: db.run(pair_visits.record, actor=who, **call, key=draft.key, now=clock.now()),
                done=lambda _visit: _recorded(held[elder]),
            )
