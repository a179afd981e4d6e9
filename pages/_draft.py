"""What stands in a form is kept as one goes, so that a crash of browser or server loses nothing."""

from collections.abc import Mapping

import streamlit as st

import db
from db import drafts
from db.drafts import Draft
from domain import clock
from domain.access import Actor
from domain.errors import Refused

Texts = Mapping[str, str]


def find(actor: Actor, form: str) -> Draft | None:
    return db.read(drafts.find, actor=actor, form=form)


def keep(actor: Actor, form: str, key: str, texts: Texts, *, typed: bool) -> None:
    """Write what changed since the last time: at most one write for a field left."""
    name = f"kept-{key}"
    if st.session_state.setdefault(name, texts) == texts:
        return
    try:
        if typed:
            db.run(drafts.save, actor=actor, form=form, values=texts, now=clock.now())
        else:
            db.run(drafts.drop, actor=actor, form=form)
    except Refused:  # it is only a draft: nobody's typing is disturbed, the next field tries again
        return
    st.session_state[name] = texts


def drop(actor: Actor, form: str) -> None:
    db.run(drafts.drop, actor=actor, form=form)
