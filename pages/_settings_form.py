"""What the parts of the settings page share: forms that can't be sent twice."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from domain.errors import Changed, Refused
from domain.ids import new_key
from ui.text import escape_md

T = TypeVar("T")


@dataclass
class Draft:
    """A form as it was opened: its idempotency key, which is in all its widgets' keys, and the version seen."""

    subject: object
    version: int
    latest: int
    key: str = field(default_factory=new_key)
    done: str = ""  # the sentence to tell, once the command has gone through
    secret: tuple[str, str] | None = None
    clear: tuple[str, ...] = ()
    busy: threading.Lock = field(default_factory=threading.Lock)
    place: DeltaGenerator | None = None  # above the button of this run, for what was refused

    def once(
        self,
        act: Callable[[], T],
        done: str | Callable[[T], str],
        secret: Callable[[T], tuple[str, str] | None] | None = None,
        clear: tuple[str, ...] = (),
    ) -> None:
        """Act, unless it is done: on a second click Streamlit starts a second run beside the first."""
        with self.busy:
            if not self.done:
                result = act()
                self.secret, self.clear = secret(result) if secret else None, clear
                self.done = done if isinstance(done, str) else done(result)

    def of(self, widget: str) -> str:
        return f"st_{widget}_{self.key}"

    def submit(self, label: str) -> bool:
        """Draw the form's button, and above it the place where a refusal is told: where one looks."""
        self.place = st.empty()
        return st.form_submit_button(label, type="primary")

    def refuse(self, sentence: str) -> None:
        (self.place or st).error(escape_md(sentence), icon=":material/info:")


@dataclass
class _Kept:
    """One object in Streamlit's state, changed by plain assignment.

    Each touch of `st.session_state` may end the run when another click waits: a password told once
    must not fall between two of them.
    """

    section: str = ""
    drafts: dict[str, Draft] = field(default_factory=dict)
    secret: tuple[str, str] | None = None


def _kept() -> _Kept:
    kept: _Kept = st.session_state.setdefault("st_kept", _Kept())
    return kept


def draft(kind: str, subject: object = None, version: int = 0) -> Draft:
    """Give the open form of this kind; another subject or a finished one begins afresh."""
    drafts = _kept().drafts
    if kind not in drafts or drafts[kind].subject != subject:
        drafts[kind] = Draft(subject, version, version)
    drafts[kind].latest = version
    return drafts[kind]


def attempt(
    form: Draft,
    act: Callable[[], T],
    *,
    done: str | Callable[[T], str],
    secret: Callable[[T], tuple[str, str] | None] | None = None,
    clear: tuple[str, ...] = (),
) -> None:
    """Run a command. Refused, its sentence stands here and what was typed stays; else begin anew."""
    try:
        form.once(act, done, secret, clear)
    except Changed as changed:
        form.version = form.latest  # told once; saving again is then meant
        form.refuse(changed.message)
    except Refused as refused:
        form.refuse(refused.message)
    else:
        st.rerun()


def settle(section: str) -> None:
    """Tell what went through since the last run, and forget forms that are no longer on screen."""
    kept = _kept()
    for kind, form in list(kept.drafts.items()):
        if form.done:
            kept.secret = form.secret or kept.secret
            for name in form.clear:
                st.session_state[name] = None
            st.toast(escape_md(form.done), icon=":material/check:")
            kept.drafts.pop(kind, None)  # last: a run that ended before is made up for
    if kept.section != section:
        kept.section = section
        kept.drafts.clear()
    if kept.secret:
        _show_secret(*kept.secret)


@st.dialog("请记下初始密码", dismissible=False)
def _show_secret(login: str, password: str) -> None:
    st.write(f"账号 **{escape_md(login)}** 的初始密码，只显示这一次：")
    st.code(password, language=None)
    st.caption("请当面或打电话告诉本人，第一次登录时会要求改成自己的密码。")
    if st.button("我已记下", type="primary", on_click=_forget_secret):
        st.rerun()


def _forget_secret() -> None:
    _kept().secret = None


def confirmed(form: Draft, label: str, why: str, act: str) -> bool:
    """Offer a step that wants a second tap, with what it leads to; done, it closes with its draft."""
    with st.popover(label, key=form.of("confirm")):
        st.write(escape_md(why))
        form.place = st.empty()
        return st.button(act, key=form.of("act"))
