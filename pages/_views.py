"""The view in force: the URL holds all of it, so a link shows the same; `view` names the saved one it began as."""

import streamlit as st

import db
from db import views
from domain.access import Actor
from domain.errors import NotFound
from domain.ids import parse_id
from domain.views import DAY, STATE_NAMES, Layout, SavedView, View, fit, from_body, said, to_body
from pages import _filters

NOTE = "view-note"


def settle(actor: Actor) -> None:
    """Open what a bare address means: the view it names, or what this person's role starts with."""
    if any(name in st.query_params for name in STATE_NAMES):
        return
    try:
        if asked := st.query_params.get("view"):
            open_view(actor, _get(actor, asked))
        elif start := db.read(views.default, actor=actor):
            open_view(actor, start)
    except NotFound as refused:
        st.query_params.pop("view", None)
        st.session_state[NOTE] = f"{refused.message}下面是全部工单。"


def _get(actor: Actor, asked: str) -> SavedView:
    view_id = parse_id(asked)
    if view_id is None:
        raise NotFound("这个链接里的视图不完整。")
    return db.read(views.get, actor=actor, view_id=view_id)


def chosen() -> View:
    """Read the view in force; what makes no sense in the URL counts as not said."""
    given = st.query_params.to_dict()
    return from_body({name: given[name] for name in STATE_NAMES if name in given})[0]


def query() -> dict[str, str]:
    """Give all that the URL says of what is shown, with the search that is kept out of it."""
    given = st.query_params.to_dict()
    return {name: given[name] for name in (*STATE_NAMES, DAY) if name in given} | _filters.chosen_query()


def saved(actor: Actor) -> SavedView | None:
    """Read the saved view that this began as, as far as this reader can follow it."""
    if not (asked := st.query_params.get("view")):
        return None
    try:
        found = _get(actor, asked)
    except NotFound as refused:
        st.query_params.pop("view", None)
        st.session_state[NOTE] = f"{refused.message}下面按链接里的筛选显示。"
        return None
    return found


def open_view(actor: Actor, found: SavedView) -> None:
    """Write a saved view into the URL, and say what of it is no more."""
    view, lost = fit(found.view, _offered(actor))
    leave()
    for name, value in to_body(view).items():
        _filters.put(name, value)
    st.query_params["view"] = str(found.id)
    dropped = said((*found.dropped, *lost))
    st.session_state[NOTE] = f"视图“{found.name}”里的{dropped}已不可用，没有用上。" if dropped else ""


def _offered(actor: Actor) -> dict[str, _filters.Options]:
    offered = _filters.choices(actor)
    found = {"community": offered.communities, "grid": offered.grids, "category": offered.categories}
    return found | {"handler": offered.handlers}


def leave() -> None:
    """Show the plain board: an address that says so, for one that says nothing means the role's default."""
    for name in STATE_NAMES:
        _filters.put(name, None)
    st.query_params.pop("view", None)
    st.query_params["layout"] = Layout.BOARD
    st.session_state[NOTE] = ""


def is_changed(actor: Actor, found: SavedView, view: View) -> bool:
    return to_body(view) != to_body(fit(found.view, _offered(actor))[0])
