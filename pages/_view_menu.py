"""The one control of views in the board's row: layout, which view it is, keep or undo what was changed."""

from typing import Any

import streamlit as st

import db
from db import views
from domain import clock
from domain.access import Actor
from domain.errors import Refused
from domain.views import LAYOUT_LABELS, Layout, SavedView, View
from pages import _filters, _form, _view_form, _views
from ui.text import escape_md


def _lay_out() -> None:
    st.query_params["layout"] = st.session_state["filter-layout"] or Layout.BOARD


def row(actor: Actor, view: View) -> None:
    """Draw the one control: how it is laid out, which view it is, and whether that was changed."""
    st.segmented_control(
        "布局",
        list(Layout),
        format_func=LAYOUT_LABELS.__getitem__,
        required=True,
        key=_filters.follow("layout", view.layout),
        on_change=_lay_out,
        label_visibility="collapsed",
    )
    held = _views.saved(actor)
    changed = held is not None and _views.is_changed(actor, held, view)
    label = f"{escape_md(held.name)}{' · 已改动' if changed else ''}" if held else "视图"
    popover = st.popover(label, icon=":material/bookmark:", key="view-menu", on_change="rerun")
    if popover.open:
        with popover:
            _view_form.show(actor, view, held)
    if held and changed:
        if held.editable:
            st.button("保存", type="tertiary", key="view-keep", on_click=_keep, args=(actor, held, view))
        st.button("还原", type="tertiary", key="view-back", on_click=_views.open_view, args=(actor, held))


def _keep(actor: Actor, held: SavedView, view: View) -> None:
    """Save over the view what the board now shows."""
    call: dict[str, Any] = {"actor": actor, "view_id": held.id, "expected_version": held.version}
    try:
        db.run(views.change, view=view, key=_form.key("view-keep"), now=clock.now(), **call)
    except Refused as refused:
        st.session_state[_views.NOTE] = refused.message
    else:
        _form.done("view-keep", f"视图“{escape_md(held.name)}”已保存")


def note() -> None:
    """Say what could not be shown as asked."""
    _form.tell()
    if words := st.session_state.get(_views.NOTE):
        st.info(escape_md(words), icon=":material/info:")
