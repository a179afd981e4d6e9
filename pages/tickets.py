"""工单看板: figures, filters and the four columns; a ticket opens as a drawer from the URL."""

import streamlit as st

from pages import _alone, _form, _moves, _new_ticket, _ticket_drawer, _together, _views
from pages._live_board import live_board
from pages._session import require

actor = require("tickets.board")
_moves.settle()
_form.tell()
_views.settle(actor)
live_board({})
# a dialog opened inside the fragment would die on its next tick
if "ticket" in st.query_params:
    _ticket_drawer.show()
elif "new" in st.query_params:
    _new_ticket.show()
elif _alone.is_open():
    _alone.show()
elif _together.is_open():
    _together.show()
