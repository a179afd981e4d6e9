"""Figures, filters and board in one fragment: its own taps and a slow timer draw it again."""

from collections.abc import Callable
from typing import Any

import streamlit as st

import db
from db import board as boards
from db import board_kept, ticket_filters
from domain import clock
from domain.access import Actor, Role
from domain.board import LONGEST_COLUMN, Board, Calendar, Table
from domain.steps import TRANSITIONS
from domain.tickets import Action
from domain.views import Layout, View
from pages import _calendar, _filters, _moves, _new_leaving, _table, _together, _view_menu, _views
from pages._export import export_button
from pages._session import require
from ui.board import markup
from ui.board.component import board as draw
from ui.board.component import figures_of, following
from ui.board.table import table

Held = Board | Table | Calendar
_REPORTERS = TRANSITIONS[Action.REPORT].roles


def _open() -> None:
    """Put the ticket into the URL; the drawer belongs to the page, so the whole page runs."""
    st.query_params["ticket"] = st.session_state["board"].opened or ""
    st.rerun()


def _more() -> None:
    shown = st.session_state.setdefault("shown", {})
    column = st.session_state["board"].more
    shown[column] = min(shown.get(column, boards.CARDS_A_COLUMN) + boards.CARDS_A_COLUMN, LONGEST_COLUMN)


def _pick() -> None:
    picked = st.session_state["figures"].picked
    _filters.put("due", None if picked in ("all", st.query_params.get("due")) else picked)


def _new() -> None:
    _new_leaving.begin()
    st.rerun()


@st.fragment(run_every="60s")
def live_board(sent: dict[str, bool]) -> None:
    """Draw what is asked for. `sent` is this run of the page's: what it has sent is kept true by the push alone.

    So the timer reads and sends no board again; a browser without its push asks for it at once (`live.js`).
    """
    actor = require("tickets.board")
    filters, view = _filters.chosen(), _views.chosen()
    scope = repr((view, _views.query(), st.session_state.get("shown")))
    asked = repr((actor, scope))
    held = None if asked in sent and not _moves.asks_for_board() else _READ[view.layout](actor, filters, view)
    figures = markup.figures_html(held.figures, filters.due) if held else None
    live = _following(held, figures or "") if held else None
    draw(figures, key="figures", scope=scope, live=live and figures_of(live), on_picked=_pick)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        _filters.bar(actor)
        st.space("stretch")
        _view_menu.row(actor, view)
        export_button(actor, filters, view.hidden)
        if actor.roles & _REPORTERS and not actor.read_only:
            st.button("登记诉求", type="primary", icon=":material/add:", on_click=_new, key="report")
    _view_menu.note()
    if _is_empty(held) if held else sent[asked]:
        _nothing(actor, filters)
    _show(held, actor, view, scope, live)
    if held:
        sent.clear()
    if isinstance(held, Board):
        sent[asked] = _is_empty(held)


def _show(held: Held | None, actor: Actor, view: View, scope: str, live: dict[str, Any] | None) -> None:
    if isinstance(held, Table):
        return _table.show(held, view, scope, live or {})
    if isinstance(held, Calendar):
        return _calendar.show(held, view, scope, live or {})
    draw(
        markup.board_html(held, view.fields, view.group) if held else None,
        key="board",
        scope=scope,
        live=live,
        on_opened=_open,
        on_more=_more,
        on_picked=_new,
        table=table(actor),
        answer=_moves.answer(),
        on_moved=_moves.take,
        on_chosen=_together.take,
    )
    return None


def _following(held: Held, figures: str) -> dict[str, Any]:
    """Say what the push is to keep up to date: this query, as long as it is shown, and the open drawer."""
    return following(
        "tickets",
        stamp=held.stamp,
        at=held.at,
        empty=_without_cards(held),
        query=_views.query(),
        shown=st.session_state.get("shown"),
        figures=figures,
        ticket=st.query_params.get("ticket"),
    )


def _is_empty(held: Held) -> bool:
    if isinstance(held, Board):
        return not any(column.count for column in held.columns)
    return isinstance(held, Table) and not held.count  # a calendar with nothing due is one all the same


def _without_cards(held: Held) -> bool:
    """Tell the push what it finds: when that is no longer so, the script runs. So it always does for a table."""
    return not held.cards if isinstance(held, Calendar) else isinstance(held, Board) and _is_empty(held)


def _read(actor: Actor, filters: ticket_filters.Filters, view: View) -> Board:
    """Read the columns, each as long as the reader has asked for."""
    shown: dict[str, int] = st.session_state.get("shown", {})
    call: dict[str, Any] = {"actor": actor, "filters": filters, "now": clock.now(), "order": view.sort}
    return db.read(board_kept.board, shown=shown, columns=view.columns, **call)


_READ: dict[Layout, Callable[..., Held]] = {
    Layout.BOARD: _read,
    Layout.TABLE: _table.read,
    Layout.CALENDAR: _calendar.read,
}


def _nothing(actor: Actor, filters: ticket_filters.Filters) -> None:
    if filters != ticket_filters.Filters():
        st.info("没有符合筛选条件的工单，可以点“清除筛选”看全部。")
    elif actor.roles == {Role.VOLUNTEER}:
        st.info("现在没有等人帮忙的事，谢谢您。有新的会出现在这里。")
    else:
        st.info("还没有工单。接到居民来电或看到群里的消息，点“登记诉求”，十几秒就能记下来。")
