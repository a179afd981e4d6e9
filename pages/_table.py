"""表格: the board's tickets as one table; a tap anywhere on a row opens its ticket."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

import db
from db import listing
from db.ticket_filters import Filters
from domain import clock
from domain.access import Actor
from domain.board import Card, Table
from domain.clock import local
from domain.due import GRADE_LABELS
from domain.tickets import CHANNEL_LABELS, STATUS_LABELS
from domain.views import Field, View
from ui.board import markup
from ui.board.component import board as draw
from ui.text import day_and_hour

_DRAWN, _ROWS = "tables-drawn", "rows-shown"
_TIMES = st.column_config.DatetimeColumn(format="MM-DD HH:mm", width=110)
_WIDE = {"事项": 300, "地点": 180, "编号": 90, "状态": 80, "时间": 110, "应办结": 140}
_HEAD, _ROW, _ROW_OF_A_THUMB, _MOST = 40, 38, 44, 620
_OF_FIELD = {
    Field.CATEGORY: "类别",
    Field.PLACE: "地点",
    Field.CHANNEL: "渠道",
    Field.HANDLER: "处理人",
    Field.AGE: "反映时间",
}


def read(actor: Actor, filters: Filters, view: View) -> Table:
    limit = st.session_state.get(_ROWS, listing.ROWS_AT_ONCE)
    call: dict[str, Any] = {"actor": actor, "filters": filters, "now": clock.now(), "order": view.sort}
    return db.read(listing.table, columns=view.columns, limit=limit, **call)


def show(held: Table, view: View, scope: str, live: Mapping[str, Any]) -> None:
    draw(markup.mark_html(held.stamp), key="table-live", scope=scope, live=live)
    if not held.cards:
        return
    left_out = {header for field, header in _OF_FIELD.items() if field not in view.fields}
    frame = pd.DataFrame([_row(card, held) for card in held.cards])
    sizes = {name: st.column_config.Column(width=width) for name, width in _WIDE.items()}
    st.dataframe(
        frame.drop(columns=list(left_out)),
        key=_key(),
        hide_index=True,
        row_height=(row := _row_height()),
        height=min(row * len(frame) + _HEAD, _MOST),
        column_config=sizes | {"反映时间": _TIMES},
        placeholder="",
        selection_mode="single-cell",
        on_select=lambda: _open(held),
        alt="工单表格，点一行打开工单",
    )
    _rest(held)


def _row(card: Card, held: Table) -> dict[str, Any]:
    shown = not card.hidden
    return {
        "编号": card.no,
        "时间": markup.time_words(card, held.at),
        "事项": card.title,
        "状态": STATUS_LABELS[card.status],
        "处理人": card.handler,
        "地点": card.place or card.grid,
        "类别": card.category,
        "紧急程度": GRADE_LABELS[card.grade] if shown else "",
        "渠道": CHANNEL_LABELS[card.channel] if shown else "",
        "反映时间": _day_and_hour(card.reported_at),
        "应办结": day_and_hour(card.due_at) if card.due_at else "",
    }


def _row_height() -> int:
    return _ROW_OF_A_THUMB if "Mobi" in str(st.context.headers.get("User-Agent")) else _ROW


def _day_and_hour(moment: datetime) -> datetime:
    return local(moment).replace(tzinfo=None)


def _key() -> str:
    return f"table-{st.session_state.get(_DRAWN, 0)}"


def _open(held: Table) -> None:
    """Put the ticket into the URL. A new table lets go of the cell: the old one would choose it again
    with the focus that a closing drawer gives back, and a second tap on it would be none."""
    cells = st.session_state[_key()].selection.cells
    st.session_state[_DRAWN] = st.session_state.get(_DRAWN, 0) + 1
    if cells and cells[0][0] < len(held.cards):
        st.query_params["ticket"] = str(held.cards[cells[0][0]].id)
        st.rerun()


def _rest(held: Table) -> None:
    """Say how many there are in all, and offer the rest."""
    shown, count = len(held.cards), held.count
    if shown >= count:
        st.caption(f"共 {count:,} 件。点一行打开工单；点表头排序。")
    elif shown < listing.MOST_ROWS:
        st.button(f"共 {count:,} 件，已显示 {shown:,} 件，显示更多", on_click=_more)
    else:
        st.caption(f"共 {count:,} 件，这里最多显示 {shown:,} 件；请用筛选缩小范围，或导出全部。")


def _more() -> None:
    st.session_state[_ROWS] = st.session_state.get(_ROWS, listing.ROWS_AT_ONCE) * 2
