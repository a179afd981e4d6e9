"""What the 视图 menu holds: open another view, sort and group, choose what is shown."""

from uuid import UUID

import streamlit as st

import db
from db import views
from domain.access import ROLE_LABELS, Actor
from domain.tickets import COLUMN_LABELS, Column
from domain.views import (
    FIELD_LABELS,
    GROUP_LABELS,
    NOTHING,
    SHARE_LABELS,
    SORT_LABELS,
    USUAL_FIELDS,
    Field,
    Group,
    Layout,
    SavedView,
    Sort,
    View,
)
from pages import _filters, _view_save, _views

_PLAIN = UUID(int=0)


def show(actor: Actor, view: View, held: SavedView | None) -> None:
    _open(actor, held)
    with st.container(horizontal=True, gap="small"):
        _one("sort", "排序", SORT_LABELS, view.sort)
        if view.layout is Layout.BOARD:
            _one("group", "分组", GROUP_LABELS, view.group)
    _some("hide", "显示的列", COLUMN_LABELS, view.columns)
    _some("fields", "显示的内容", FIELD_LABELS, [f for f in Field if f in view.fields])
    if not actor.read_only:
        _view_save.show(actor, view, held)


def _open(actor: Actor, held: SavedView | None) -> None:
    found = {one.id: one for one in db.read(views.listed, actor=actor)}
    names = {_PLAIN: "全部工单"} | {one.id: f"{SHARE_LABELS[one.share]} · {_named(one)}" for one in found.values()}

    def pick() -> None:
        picked = found.get(st.session_state["filter-view"])
        if picked:
            _views.open_view(actor, picked)
        else:
            _views.leave()

    key = _filters.follow("view", held.id if held and held.id in names else _PLAIN)
    st.selectbox("打开视图", list(names), format_func=names.__getitem__, key=key, on_change=pick)


def _named(one: SavedView) -> str:
    where = f"（{one.area}{ROLE_LABELS[one.role] if one.role else ''}）" if one.area else ""
    return one.name + where  # an option of a list is plain text


def _one(name: str, label: str, words: dict[Sort, str] | dict[Group, str], value: Sort | Group) -> None:
    def keep() -> None:
        picked = st.session_state[f"filter-{name}"]
        _filters.put(name, None if picked in (None, Sort.LEFT, Group.NONE) else picked)

    key = _filters.follow(name, value)
    st.selectbox(label, list(words), format_func=words.__getitem__, key=key, on_change=keep)


def _some(name: str, label: str, words: dict[Column, str] | dict[Field, str], value: list[Field] | tuple) -> None:  # type: ignore[type-arg]
    def keep() -> None:
        picked = st.session_state[f"filter-{name}"]
        if name == "fields":
            usual = frozenset(picked) == USUAL_FIELDS
            _filters.put(name, None if usual else ",".join(f for f in Field if f in picked) or NOTHING)
        else:
            hidden = [c for c in Column if c not in picked]
            _filters.put(name, ",".join(hidden) if picked else None)

    key = _filters.follow(name, list(value))
    st.pills(label, list(words), format_func=words.__getitem__, selection_mode="multi", key=key, on_change=keep)
