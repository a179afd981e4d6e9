"""未诉先办: from a place where it comes up again and again to a ticket, before anybody complains."""

from uuid import UUID

import streamlit as st

import db
from db import areas, categories, tickets
from domain.access import Actor
from domain.areas import Area, full_names
from domain.clock import now
from domain.errors import Refused
from domain.ids import parse_id
from domain.steps import TRANSITIONS
from domain.tickets import Action, Channel, Kind
from pages import _form
from pages._session import require
from ui.text import escape_md

_SPOT = "prevent"


def may(actor: Actor) -> bool:
    return not actor.read_only and bool(actor.roles & TRANSITIONS[Action.REPORT].roles)


def begin(spot: str | None) -> None:
    st.session_state[_SPOT] = spot


def is_open() -> bool:
    return bool(st.session_state.get(_SPOT))


def _close() -> None:
    st.session_state.pop(_SPOT, None)
    _form.drop(_SPOT)


def show() -> None:
    st.dialog("建预防工单", on_dismiss=_close)(_ask)()


def _ask() -> None:
    actor = require("charts.read")
    place, _, category = str(st.session_state.get(_SPOT, "")).partition("|")
    area_id, category_id = parse_id(place), parse_id(category)
    if area_id is None:
        return
    area, label = db.read(_words, area_id, category_id)
    st.write(f"在 **{escape_md(full_names(db.read(areas.tree))[area.id])}** 先去看一看，赶在居民反映之前。")
    key = _form.key(_SPOT)
    with st.form(f"prevent-{key}", border=False):
        given = f"{area.name} {label}反复发生，提前排查"
        title = st.text_input("要做什么", given, key=f"prevent-title-{key}", max_chars=120)
        why = st.text_area("依据", "数据分析中的“反复发生的地方”。", key=f"prevent-why-{key}", max_chars=500)
        if not st.form_submit_button("建工单，按类别计时限", type="primary", key=f"prevent-go-{key}"):
            return
        try:
            made = db.run(
                tickets.report,
                actor=actor,
                area_id=area.id,
                title=title,
                description=why,
                category_id=category_id,
                kind=Kind.PREVENTIVE,
                channel=Channel.PATROL,
                key=key,
                now=now(),
            )
        except Refused as refused:
            _form.refuse(refused)
            return
    _close()
    _form.done(_SPOT, f"预防工单 {made.no} 已建好，在看板的“待处理”里。")
    st.rerun()


def _words(session: object, area_id: UUID, category_id: UUID | None) -> tuple[Area, str]:
    area = areas.get(session, area_id)  # type: ignore[arg-type]
    known = {one.id: one.name for one in categories.listed(session)}  # type: ignore[arg-type]
    return area, known.get(category_id, "问题") if category_id else "问题"
