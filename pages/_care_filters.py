"""The filters above the tiles. The address holds them, so a link shows the same page."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

import db
from db import areas, care_board
from domain import clock
from domain.access import RIGHTS, Actor, communities_of, grants_for
from domain.areas import UNSORTED_COMMUNITY, Level
from domain.care import SIGN_LABELS, SLOT_LABELS, TIER_LABELS, Slot
from domain.care_board import NAMES, Filters, from_query, slot_now
from domain.clock import local_date

Options = Mapping[str, str]


@dataclass(frozen=True)
class Choices:
    """What each filter offers: the value in the address → the words."""

    communities: Options
    grids: Options
    volunteers: Options


@st.cache_resource(ttl=60, max_entries=500, show_spinner=False, hash_funcs={Actor: repr})
def choices(actor: Actor) -> Choices:
    """Read what this person may filter by; who they are, with every grant, is the key."""
    reached = communities_of(grants_for(actor, RIGHTS["checkins.read"])) - {UNSORTED_COMMUNITY}
    held = db.read(areas.visible, actor=actor)
    looking = db.read(care_board.volunteers, actor=actor, day=local_date(clock.now()))
    return Choices(
        {str(a.id): a.name for a in held if a.id in reached},
        {str(a.id): a.name for a in held if a.level is Level.GRID and a.community_id in reached},
        {str(user): name for user, name in looking.items()},
    )


def chosen() -> Filters:
    return from_query(query())


def query() -> dict[str, str]:
    return {name: st.query_params[name] for name in NAMES if name in st.query_params}


def put(name: str, value: str | None) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def _clear() -> None:
    for name in NAMES:
        if name not in ("community", "slot"):
            put(name, None)


def _keep(name: str) -> None:
    put(name, st.session_state[f"care-{name}"])


def _follow(name: str, value: object) -> str:
    """Let the widget follow the address: a link or the back button may have changed it."""
    if st.session_state.get(key := f"care-{name}") != value:
        st.session_state[key] = value
    return key


def _select(name: str, all_of_them: str, options: Options) -> None:
    value = st.query_params.get(name)
    st.selectbox(
        all_of_them.removeprefix("全部"),
        list(options),
        index=None,
        format_func=options.__getitem__,
        placeholder=all_of_them,
        label_visibility="collapsed",
        key=_follow(name, value if value in options else None),
        on_change=_keep,
        args=(name,),
        width=136,
    )


def bar(actor: Actor, shown: Filters) -> None:
    """Draw slot switch and filters; the state is chosen by the figures above."""
    _slot(shown)
    offered = choices(actor)
    if len(offered.communities) > 1:
        _select("community", "全部社区", offered.communities)
    if len(offered.grids) > 1:
        _select("grid", "全部网格", offered.grids)
    _select("tier", "全部关注等级", {t.value: words for t, words in TIER_LABELS.items()})
    _select("sign", "全部信号", {s.value: words for s, words in SIGN_LABELS.items()})
    if offered.volunteers:
        _select("volunteer", "全部志愿者", offered.volunteers)
    st.text_input(
        "按编号查找",
        key=_follow("text", st.query_params.get("text", "")),
        on_change=_keep,
        args=("text",),
        placeholder="编号，如 L0037",
        icon=":material/search:",
        label_visibility="collapsed",
        width=150,
    )
    if shown.narrows:
        st.button("清除筛选", icon=":material/close:", type="tertiary", on_click=_clear)


def _slot(shown: Filters) -> None:
    usual = slot_now(clock.now())
    st.segmented_control(
        "时段",
        [slot.value for slot in Slot],
        format_func=lambda value: SLOT_LABELS[Slot(value)],
        key=_follow("slot", (shown.slot or usual).value),
        required=True,
        on_change=_keep,
        args=("slot",),
        label_visibility="collapsed",
    )
