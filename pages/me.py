"""我的: what waits for me. A volunteer gets a page of large buttons, everybody else their cards."""

import streamlit as st

import db
from db import board as boards
from db import writes
from domain import clock
from domain.access import Role, communities_of, has
from domain.steps import TRANSITIONS
from domain.tickets import Action
from pages import _form, _new_leaving, _new_ticket, _ticket_drawer, _volunteer, _volunteer_points, _volunteer_round
from pages._session import require
from ui.board import markup
from ui.board.component import board as draw
from ui.board.component import following


def _open() -> None:
    st.query_params["ticket"] = st.session_state["waiting"].opened or ""


def _new() -> None:
    _new_leaving.begin()


actor = require("me")
_form.tell()
is_volunteer = actor.roles == {Role.VOLUNTEER}
if not is_volunteer and actor.roles & TRANSITIONS[Action.REPORT].roles:
    st.button("登记诉求", type="primary", icon=":material/add:", on_click=_new)
# before the cards: so the drawing is at least as new as it says
stamp = db.read(writes.stamps, communities_of(actor.grants))
now = clock.now()
groups = db.read(boards.waiting, actor=actor, now=now)
waiting = any(group.count for group in groups)
if not is_volunteer:
    _volunteer_round.card(actor, now)
if is_volunteer:
    _volunteer.show(actor, {group.name: group for group in groups})
else:
    ticket = st.query_params.get("ticket")
    live = following("me", stamp=stamp, at=now, empty=not waiting, ticket=ticket)
    # drawn empty as well: it follows what comes
    draw(markup.waiting_html(groups, now), key="waiting", scope=str(actor.user_id), live=live, on_opened=_open)
if not waiting and not is_volunteer:
    st.info("现在没有等您处理的事。")
    if has(actor, "tickets.board"):
        st.page_link("tickets.py", label="去工单看板看看", icon=":material/view_kanban:")
if not is_volunteer:
    _volunteer_points.line(actor)

if "ticket" in st.query_params:
    _ticket_drawer.show()
elif "new" in st.query_params:
    _new_ticket.show()
