"""The filters above the board. The URL holds them, so a link shows the same board."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

import db
from db import areas, categories, parties
from db.ticket_filters import NAMES, Filters, from_query
from domain.access import STAFF, Actor
from domain.areas import Level
from domain.due import GRADE_LABELS
from domain.people import has_phone
from domain.tickets import KIND_LABELS

_UNSAID = "filter-unsaid"
_MORE, _FOLDED = "more-filters", ("kind", "grade", "handler")
Options = Mapping[str, str]


@dataclass(frozen=True)
class Choices:
    """What each filter offers: the value in the URL → the words, plain as a list shows them."""

    communities: Options
    grids: Options
    categories: Options
    handlers: Options


@st.cache_resource(ttl=60, max_entries=500, show_spinner=False, hash_funcs={Actor: repr})
def choices(actor: Actor) -> Choices:
    """Read what this person may filter by; who they are, with every grant, is the key."""
    held = db.read(areas.visible, actor=actor, down_to=Level.GRID)
    several = [a for a in held if a.level is Level.COMMUNITY]
    grids = {str(a.id): a.name for a in held if a.level is Level.GRID}
    kinds = {str(c.id): c.label for c in db.read(categories.listed)}
    found = db.read(parties.listed, actor=actor) if actor.roles & STAFF else []
    handlers = {str(p.id): p.label for p in found}
    return Choices({str(a.id): a.name for a in several}, grids, kinds, handlers)


def chosen() -> Filters:
    """Read the filters in force."""
    return from_query(chosen_query())


def chosen_query() -> dict[str, str]:
    """Give what the URL says of the filters, with the search that is kept out of it."""
    said = st.query_params.to_dict()  # at once: one by one they take each run half a millisecond
    given = {name: said[name] for name in NAMES if name in said}
    return given | ({"text": unsaid} if (unsaid := _text()) else {})


def _text() -> str:
    return st.query_params.get("text") or st.session_state.get(_UNSAID, "")


def put(name: str, value: str | None) -> None:
    if name == "text":
        # a telephone number would stay in histories, bookmarks and the proxy's log: it is kept out of the URL
        st.session_state[_UNSAID] = value if value and has_phone(value) else ""
        value = None if st.session_state[_UNSAID] else value
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def clear() -> None:
    for name in NAMES:
        put(name, None)


def _keep(name: str) -> None:
    value = st.session_state[f"filter-{name}"]
    put(name, "1" if value and name == "mine" else value)
    if name in _FOLDED:  # its label counts them, and with another one it is another menu, which would be closed
        st.session_state[_MORE] = True


def follow(name: str, value: object) -> str:
    """Let the widget follow the URL: a link or the back button may have changed it."""
    if st.session_state.get(key := f"filter-{name}") != value:
        st.session_state[key] = value
    return key


def _select(name: str, all_of_them: str, options: Options, *, folded: bool = False) -> None:
    value = st.query_params.get(name)
    st.selectbox(
        all_of_them.removeprefix("全部"),
        list(options),
        index=None,
        format_func=options.__getitem__,
        placeholder=all_of_them,
        label_visibility="visible" if folded else "collapsed",
        key=follow(name, value if value in options else None),
        on_change=_keep,
        args=(name,),
        width="stretch" if folded else 150,
    )


def bar(actor: Actor) -> None:
    """Draw the filters in the row where the primary action stands at the end."""
    offered = choices(actor)
    if len(offered.communities) > 1:
        _select("community", "全部社区", offered.communities)
    if len(offered.grids) > 1:
        _select("grid", "全部网格", offered.grids)
    _select("category", "全部类别", offered.categories)
    mine = "我的" if st.query_params.get("mine") == "1" else None
    st.pills(
        "只看我的", ["我的"], key=follow("mine", mine), on_change=_keep, args=("mine",), label_visibility="collapsed"
    )
    st.text_input(
        "搜索编号、地址或文字",
        key=follow("text", _text()),
        on_change=_keep,
        args=("text",),
        placeholder="按回车查编号、地址",
        icon=":material/search:",
        label_visibility="collapsed",
        width=210,
    )
    _more(offered)
    if chosen() != Filters():
        st.button("清除筛选", icon=":material/close:", type="tertiary", on_click=clear)


def _more(offered: Choices) -> None:
    used = sum(name in st.query_params for name in _FOLDED)
    label = f"更多筛选 {used}" if used else "更多筛选"
    popover = st.popover(label, icon=":material/tune:", key=_MORE, on_change="rerun")
    if not popover.open:  # each run of the board would make what nobody sees
        return
    with popover:
        _select("kind", "全部类型", {k.value: words for k, words in KIND_LABELS.items()}, folded=True)
        _select("grade", "全部紧急程度", {g.value: words for g, words in GRADE_LABELS.items()}, folded=True)
        if offered.handlers:
            _select("handler", "全部处理人", offered.handlers, folded=True)
