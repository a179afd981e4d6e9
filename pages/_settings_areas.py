"""辖区: the tree from the street down to the unit."""

from datetime import datetime

import streamlit as st

import db
from db import areas
from domain.access import Actor
from domain.areas import LEVEL_LABELS, UNSORTED_AREAS, UNSORTED_STREET, Area, full_names
from domain.clock import now
from pages import _settings_area_forms as forms
from pages import _settings_form as form
from pages import _settings_table as table
from ui.text import escape_md, when

CHOSEN = "st_area"
UNSORTED_WHY = "收还没分到社区的工单"


def show(who: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        query = table.search("辖区", "按名称或编码查找", "st_area_q")
        closed = st.toggle("含已关闭", key="st_area_closed")
        with st.popover("添加街道", icon=":material/add:"):
            forms.add(who, None)
    listed = db.read(areas.tree, with_closed=closed)
    names = full_names(listed)
    names[UNSORTED_STREET] += "（街道）"
    left, right = st.columns([3, 2], gap="medium")
    with left:
        found = [a for a in listed if table.matches(query, (names[a.id], a.code))]
        empty = "没有符合的辖区，请换个词。" if query else "还没有辖区，请点“添加街道”开始。"
        table.show([_line(a, now()) for a in found], [a.id for a in found], CHOSEN, empty=empty, alt="辖区")
    with right:
        chosen = table.pick("辖区", names, CHOSEN)
        if chosen is None:
            st.caption("选一个辖区，就可以改名称、编码和户数，在它下面添加，或关闭它。")
            if all(a.id in UNSORTED_AREAS for a in listed):
                st.info("还没有自己的辖区：请点“添加街道”，再选中街道，在它下面添加社区。", icon=":material/info:")
        else:
            _panel(who, next(a for a in listed if a.id == chosen), names[chosen])


def _line(area: Area, moment: datetime) -> dict[str, str]:
    return {
        "名称": "　" * area.depth + area.name,
        "级别": LEVEL_LABELS[area.level],
        "编码": area.code,
        "户数": "" if area.households is None else str(area.households),
        "说明": _state(area, moment),
    }


def _state(area: Area, moment: datetime) -> str:
    if area.id in UNSORTED_AREAS:
        return UNSORTED_WHY
    return "" if area.valid_to is None else f"{when(area.valid_to, moment)} 关闭"


def _panel(who: Actor, area: Area, name: str) -> None:
    st.markdown(f"**{escape_md(name)}** :gray[{LEVEL_LABELS[area.level]}]")
    if area.valid_to is not None:
        st.caption("这个辖区已关闭：以前的工单照样可查，新的工单不能再选它。")
        _reopen(who, area)
    elif area.id in UNSORTED_AREAS:
        st.caption(f"{UNSORTED_WHY}，例如导入的表格里没写社区的。它一直都在，不用改，也不能关闭。")
    else:
        _open_panel(who, area)


def _open_panel(who: Actor, area: Area) -> None:
    below = area.level_below
    if below is None:
        forms.edit(who, area)
    else:
        word = LEVEL_LABELS[below]
        change, one, many = st.tabs(["修改", f"添加{word}", f"批量添加{word}"], key=f"st_area_tabs_{area.id.hex}")
        with change:
            forms.edit(who, area)
        with one:
            forms.add(who, area)
        with many:
            forms.show_refused(area)
            forms.add_many(who, area, below)
    _close(who, area)


def _reopen(who: Actor, area: Area) -> None:
    draft = form.draft("area.reopen", area.id, area.version)
    draft.place = st.empty()
    if st.button("重新打开", key=draft.of("reopen")):
        form.attempt(
            draft,
            lambda: db.run(areas.reopen, actor=who, area_id=area.id, expected_version=draft.version, now=now()),
            done=f"已重新打开“{area.name}”。",
        )


def _close(who: Actor, area: Area) -> None:
    draft = form.draft("area.close", area.id, area.version)
    why = f"关闭“{area.name}”之后，新的工单不能再选它；以前的工单、记录和统计都保留，名称照样显示。以后可以重新打开。"
    if form.confirmed(draft, "关闭…", why, "确认关闭"):
        form.attempt(
            draft,
            lambda: db.run(areas.close, actor=who, area_id=area.id, expected_version=draft.version, now=now()),
            done=f"已关闭“{area.name}”。",
            clear=(CHOSEN,),
        )
