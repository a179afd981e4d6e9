"""名册: what blocks tomorrow, everybody on the register, and a new elder in one form."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

import db
from db import care_register
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.care import SIGN_LABELS, TIER_LABELS, Duty
from domain.care_register import GAP_LABELS, Entry, Gap, outlook
from domain.ids import parse_id
from pages import _care_enrol, _points_export
from pages import _care_words as words
from pages import _settings_table as table

CHOSEN, _GAP, _SEARCH = words.ELDER, "care_gap", "care_q"
_COLUMNS = (
    *(
        ("编号", 8),
        ("楼栋", 12),
        ("还缺", 24),
        ("网格", 14),
        ("关注等级", 10),
        ("信号", 10),
        ("时段", 10),
        ("主责", 10),
    ),
    *(("备份", 10), ("联系人", 8), ("同意日期", 12)),
)


def show(who: Actor, here: Area) -> None:
    if chosen := parse_id(str(st.session_state.pop(CHOSEN, "") or "")):
        st.query_params["elder"] = str(chosen)
        st.rerun()
    entries = db.read(care_register.listed, actor=who, community_id=here.id, now=clock.now())
    may = has(who, "care.write") and not who.read_only
    if table.is_adding(CHOSEN) and may:
        _care_enrol.show(who, here)
        return
    _just_enrolled(entries)
    gap = _blocking(entries)
    with st.container(horizontal=True, vertical_alignment="center"):
        query = table.search("老人", "编号、楼栋、网格或志愿者", _SEARCH)
        st.space("stretch")
        _export(who, here)
        if may:
            table.add_button("登记老人", CHOSEN, ":material/person_add:")
    shown = [e for e in entries if (gap is None or gap in e.gaps) and table.matches(query, _row(e).values())]
    _list(entries, shown, may=may)


def _just_enrolled(entries: Sequence[Entry]) -> None:
    """Keep in view what whoever was enrolled just now still needs, with the way there."""
    held = st.session_state.get(_care_enrol.ENROLLED)
    one = next((entry for entry in entries if str(entry.id) == held), None)
    if one is None or not one.gaps:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="just-enrolled"):
        st.warning(f"{one.code} {outlook(one.gaps)}", icon=":material/info:", width="stretch")
        st.button("去补齐", key="fill-gaps", on_click=_open, args=(str(one.id),))


def _open(elder: str) -> None:
    st.session_state[CHOSEN] = elder


def _blocking(entries: Sequence[Entry]) -> Gap | None:
    """Say first what keeps somebody from being looked in on tomorrow; a tap lists them."""
    counts = Counter(gap for entry in entries for gap in entry.gaps)
    if not counts:
        if entries:
            st.success("明天的巡看都安排好了：每位老人有同意书、时段、主责、备份和联系人。", icon=":material/check:")
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**明天之前要补齐**", width="content")
        found = st.pills(
            "还缺什么",
            [gap for gap in Gap if counts[gap]],
            format_func=lambda gap: f"{GAP_LABELS[gap]} {counts[gap]}",
            key=_GAP,
            label_visibility="collapsed",
        )
    return found


def _list(entries: Sequence[Entry], shown: Sequence[Entry], *, may: bool) -> None:
    if not entries:
        st.info(
            "还没有登记老人。点“登记老人”，一张表填好姓名、住处、同意书和巡看的人，明天早上就开始。"
            if may
            else "您的辖区里还没有登记老人，请联系社区工作者。",
            icon=":material/info:",
        )
        return
    rows = [_row(entry) for entry in shown]
    table.show(rows, [e.id for e in shown], CHOSEN, empty="没有符合的，请换个词。", alt="名册，选中一行打开老人的页面")
    st.caption(f"共 {len(entries)} 户，列出 {len(shown)} 户。选中一行打开老人的页面；名单里只有编号和楼栋。")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "编号": entry.code,
        "楼栋": entry.building,
        "还缺": "、".join(GAP_LABELS[gap] for gap in entry.gaps),
        "网格": entry.grid,
        "关注等级": TIER_LABELS[entry.tier],
        "信号": SIGN_LABELS[entry.sign],
        "时段": words.slots(entry.slots),
        "主责": entry.looker(Duty.PRIMARY),
        "备份": entry.looker(Duty.BACKUP),
        "联系人": str(entry.contacts or ""),
        "同意日期": words.on(entry.consented_on),
    }


def _export(who: Actor, here: Area) -> None:
    def rows(actor: Actor) -> Iterator[Sequence[object]]:
        held = db.read(care_register.listed, actor=actor, community_id=here.id, now=clock.now())
        yield from (tuple(_row(entry).values()) for entry in held)

    _points_export.offer(who, here, "平安守望名册", _COLUMNS, rows)
