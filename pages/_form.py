"""What every form here needs: a key that a double click can't use twice, and a word after success."""

import streamlit as st

from domain.errors import Refused
from domain.ids import new_key
from ui.text import escape_md

_SAID = "said"


def key(name: str) -> str:
    """Give the key of this form, part of its widgets' keys too: a second click meets nothing."""
    return str(st.session_state.setdefault(f"key:{name}", new_key()))


def done(name: str, words: str) -> None:
    """Retire the form's key after success and keep what to tell."""
    st.session_state.pop(f"key:{name}", None)
    st.session_state[_SAID] = words


def drop(name: str) -> None:
    """Give a form up: its key goes, and with it everything typed under it."""
    st.session_state.pop(f"key:{name}", None)


def said() -> str:
    """Take what the last run did, to be told in another place."""
    return str(st.session_state.pop(_SAID, ""))


def tell() -> None:
    """Say what the last run did."""
    if words := said():
        st.toast(words, icon=":material/check_circle:")


def refuse(refused: Refused) -> None:
    st.error(escape_md(refused.message), icon=":material/info:")
