"""What the desk does from the tiles: 代录 for a round that came in by paper or telephone, and the list as a file."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import streamlit as st

import db
from db import care_board
from domain import clock
from domain.access import Actor, has
from domain.care import SIGN_LABELS, SLOT_LABELS, TIER_LABELS
from domain.care_board import TILE_LABELS, CareBoard, Filters, slot_now
from domain.clock import local_date
from pages import _care_desk, _care_filters, _care_hand, _care_here, _points_export
from pages import _care_words as words
from pages._session import require
from ui.text import escape_md

_ENTER, _PRINT, _HAND, _WIDTH, _DAY = "1", "print", "hand", 560, timedelta(days=1)
_COLUMNS = (
    *(("编号", 8), ("楼栋", 12), ("状态", 16), ("时间", 8), ("谁", 10), ("关注等级", 10), ("信号", 10), ("时段", 6)),
)


def buttons(actor: Actor, board: CareBoard) -> None:
    _export(actor, board.filters)
    if board.tiles:
        st.button("打印巡看表", icon=":material/print:", on_click=_begin, args=(_PRINT,), key="print-round")
    if has(actor, "care.look") and not actor.read_only and board.tiles:
        st.button("代录巡看", icon=":material/edit_note:", on_click=_begin, args=(_ENTER,), key="desk-round")
    if has(actor, "care.plan") and not actor.read_only and board.tiles:
        st.button("交接巡看", icon=":material/swap_horiz:", on_click=_begin, args=(_HAND,), key="hand-round")


def _begin(what: str) -> None:
    st.query_params["desk"] = what
    st.rerun()


def _close() -> None:
    st.query_params.pop("desk", None)


def show() -> None:
    """Open the form for a whole round, or the way to its sheet; to be called from the page's body."""
    others = {_PRINT: ("打印巡看表", _sheets), _HAND: ("交接巡看", _care_hand.show)}
    title, body = others.get(st.query_params.get("desk", ""), ("代录巡看", _care_desk.show))
    st.dialog(title, width=_WIDTH, position="right", on_dismiss=_close)(body)()


def _sheets() -> None:
    """Lead to the sheet of each who looks; after it is made, tomorrow's can be printed the evening before."""
    actor, now = require("checkins.read"), clock.now()
    slot, today = _care_filters.chosen().slot or slot_now(now), local_date(now)
    found = {day: db.read(care_board.rounds, actor=actor, day=day, slot=slot) for day in (today, today + _DAY)}
    for day, name in zip(found, ("今天", "明天"), strict=True):
        st.markdown(f"**{name}{SLOT_LABELS[slot]}**")
        for who, (looker, stops) in found[day].items():
            link = f"/round/sheet?user={who}&day={day.isoformat()}&slot={slot}"
            st.link_button(f"{escape_md(looker)}（{len(stops)} 户）", link, icon=":material/print:")
        if not found[day]:
            st.caption("还没有安排。" if day == today else "还没有安排，前一天傍晚六点以后才有。")


def _export(actor: Actor, filters: Filters) -> None:
    """Offer exactly what the filters show, codes and buildings only."""

    def rows(who: Actor) -> Iterator[Sequence[object]]:
        board = db.read(care_board.today, actor=who, filters=filters, now=clock.now())
        for tile in board.tiles:
            at = words.clock(tile.at) if tile.at else ""
            what = (TILE_LABELS[tile.state], at, tile.who, TIER_LABELS[tile.tier], SIGN_LABELS[tile.sign])
            yield (tile.code, tile.building, *what, SLOT_LABELS[board.slot])

    here = _care_here.communities(actor)
    asked = str(filters.community_id)
    if here:
        _points_export.offer(actor, here.get(asked) or next(iter(here.values())), "平安守望", _COLUMNS, rows)
