"""日历: what is due on each day of a month or a week; a day lists its tickets."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

import db
from db import listing
from db.ticket_filters import Filters
from domain import clock
from domain.access import Actor
from domain.board import Calendar
from domain.clock import local_date
from domain.views import DAY, View, day_asked, days_of
from pages import _filters
from ui.board import calendar
from ui.board.component import board as draw

_KEY = "calendar"


def read(actor: Actor, filters: Filters, view: View) -> Calendar:
    now = clock.now()
    day = day_asked(st.query_params.get(DAY), local_date(now))
    call: dict[str, Any] = {"actor": actor, "filters": filters, "now": now, "columns": view.columns}
    return db.read(listing.calendar, days=days_of(day, week=view.week), day=day, **call)


def show(held: Calendar, view: View, scope: str, live: Mapping[str, Any]) -> None:
    html = calendar.calendar_html(held, view)
    draw(html, key=_KEY, scope=f"{scope} {held.day}", live=live, on_opened=_open, on_picked=_pick)


def _open() -> None:
    st.query_params["ticket"] = st.session_state[_KEY].opened or ""
    st.rerun()


def _pick() -> None:
    name, _, value = (st.session_state[_KEY].picked or "").partition(":")
    if name == "day":
        _filters.put(DAY, value if value != local_date(clock.now()).isoformat() else None)
    elif name == "week":
        _filters.put("week", value or None)
