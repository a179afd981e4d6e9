"""Whom it is about: looked up by name or phone, or written down; what the record and the till begin with."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import points_desk
from db.points_desk import Found
from domain import clock
from domain.access import Actor
from domain.areas import Area
from pages import _points_words
from pages import _settings_form as form


def choose(who: Actor, here: Area, name: str) -> Found | None:
    """Let somebody be found and chosen; who is not known yet can be written down here."""
    hint = "输入完整的姓名或电话；志愿者可以只输称呼"
    query = st.text_input("谁", key=f"{name}-q", placeholder=hint, width=560) or ""
    if not query.strip():
        return None
    met = db.read(points_desk.find, actor=who, community_id=here.id, text=query, now=clock.now())
    if not met:
        st.caption("没有找到这个人。核对一下，或在下面登记。")
        _register(who, here, name, query)
        return None
    place = st.radio(
        "找到的人",
        range(len(met)),
        format_func=lambda n: _points_words.person(met[n]),
        key=f"{name}-{query}",
        label_visibility="collapsed",
    )
    return met[place or 0]


def known(who: Actor, here: Area, found: Found, key: str) -> UUID:
    """Give the person, opening an account for a helper who has none."""
    if found.person_id:
        return found.person_id
    call: dict[str, Any] = {"community_id": here.id, "party_id": found.party_id, "key": f"{key}.p"}
    return db.run(points_desk.register, actor=who, **call, now=clock.now())


def _register(who: Actor, here: Area, where: str, query: str) -> None:
    draft = form.draft(f"points.person.{where}", here.id)
    digits = query.strip() if query.strip().replace("-", "").isdigit() else ""
    with st.expander("登记新居民", expanded=True), st.form(draft.of("form"), border=False):
        name = st.text_input("姓名", "" if digits else query.strip(), key=draft.of("name"))
        phone = st.text_input("电话", digits, key=draft.of("phone"))
        if draft.submit("登记这个人"):
            call: dict[str, Any] = {"community_id": here.id, "name": name, "phone": phone}
            form.attempt(
                draft,
                lambda: db.run(points_desk.register, actor=who, **call, key=draft.key, now=clock.now()),
                done="已登记。",
            )
