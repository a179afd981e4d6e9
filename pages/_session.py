"""Who is at the screen: read from the database on every run, never from Streamlit's own state."""

from typing import Any, NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from db import sessions
from domain import access
from domain.access import Actor
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from domain.errors import NotAllowed


def token() -> str | None:
    """Give the session's token: the only reader of the cookies, and what a test replaces."""
    return st.context.cookies.get(SESSION_COOKIE)


def actor(*, by_hand: bool | None = None) -> Actor | None:
    """Read who is here, once a run. A timer is no activity; a fragment answering a tap may say `by_hand=True`."""
    context: Any = get_script_run_ctx()
    asked = (token(), _is_by_hand() if by_hand is None else by_hand)
    # Streamlit gives each run cursors of its own: with them goes what was read in it
    run = getattr(context, "cursors", None)
    known = getattr(context, "linli_known", None)
    if known and known[0] is run and known[1] == asked:
        found: Actor | None = known[2]
        return found
    found = sessions.identify(asked[0], now=now(), active=asked[1])
    if context is not None:
        context.linli_known = (run, asked, found)
    return found


def _is_by_hand() -> bool:
    """Tell a run that a person asked for from a fragment's, which its timer may have started."""
    context = get_script_run_ctx()
    return context is None or not context.fragment_ids_this_run


def require(right: str, *, by_hand: bool | None = None) -> Actor:
    """Give who is here, if they may; otherwise say what to do and end the run."""
    found = actor(by_hand=by_hand)
    if found is None:
        # to this very address: the gate asks for the login and leads back here
        _stop("登录已结束，请重新登录。已保存的内容都在。", "", "重新登录")
    if found.must_change_password:
        _stop("请先把初始密码换成自己的，再开始使用。", "/password", "修改密码")
    if not access.has(found, right):
        st.error(NotAllowed().message)
        st.html('<a href="/" target="_self">回到首页</a>')
        st.stop()
    return found


def _stop(sentence: str, address: str, label: str) -> NoReturn:
    st.warning(sentence)
    st.html(f'<a href="{address}" target="_self">{label}</a>')
    st.stop()
