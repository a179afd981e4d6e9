"""A banner while the worker is late, a channel was silent this morning, or an emergency reached nobody."""

import streamlit as st

import db
from db import worker_state
from domain import clock
from domain.access import Actor, communities_of
from ui.text import escape_md


def show(who: Actor) -> None:
    for sentence in db.read(worker_state.warnings, communities=communities_of(who.grants), now=clock.now()):
        st.error(escape_md(sentence), icon=":material/error:")
