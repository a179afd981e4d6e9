"""记一次: what somebody saw or heard of one elder outside a round, entered by the staff."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import looks
from db.care_elder import ElderPage
from domain import clock
from domain.access import Actor, has
from domain.care import Look, Sign, Source, sign_words
from domain.care_board import slot_now
from domain.errors import Invalid
from pages import _settings_form as form

_SOURCES = {Look.TALKED: Source.CALL, Look.HELP: Source.DESK}


def _words(sign: Sign) -> dict[Look, str]:
    there, gone = sign_words(sign, slot_now(clock.now()))
    return {Look.OK: there, Look.CLOSED: gone, Look.UNCLEAR: "看不清", Look.TALKED: "与本人说上话", Look.HELP: "求助"}


def show(actor: Actor, page: ElderPage) -> None:
    if actor.read_only or page.elder.left_on or not has(actor, "care.look", page.elder.area_path):
        return
    said = _words(page.elder.sign)
    draft = form.draft("care.look", page.elder.id)
    with st.form(draft.of("form")):
        look = st.segmented_control(
            "刚才看到、听到什么", list(said), format_func=said.__getitem__, key=draft.of("look"), wrap=True
        )
        draft.place = st.empty()
        if st.form_submit_button("记下来"):
            form.attempt(draft, lambda: _observe(actor, page, look, draft.key), done=_told)


def _observe(actor: Actor, page: ElderPage, look: Look | None, key: str) -> Any:
    if look is None:
        raise Invalid("请先选看到了什么。", field="look")
    now = clock.now()
    call: dict[str, Any] = {"look": look, "source": _SOURCES.get(look, Source.DESK), "at": now}
    return db.run(looks.observe, actor=actor, elder_id=page.elder.id, observation_id=UUID(key), **call, now=now)


def _told(seen: Any) -> str:
    return "已记下，预警已发出，请打开预警跟进。" if seen.incident_id else "已记下。"
