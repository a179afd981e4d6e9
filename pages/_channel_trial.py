"""发一条测试: a trial message to a channel, and what it answered, as soon as it does."""

from uuid import UUID

import streamlit as st

import db
from db import channels
from db.channels import Channel
from domain import clock
from domain.access import Actor
from domain.channels import trial_words
from domain.outbox import UNSENT, MessageState
from pages import _settings_form as form
from ui.text import escape_md

_SENT = "st_channel_trial"


def show(who: Actor, channel: Channel) -> None:
    draft = form.draft("channel.trial", channel.id)
    draft.place = st.empty()
    if st.button("发一条测试", key=draft.of("send"), icon=":material/send:", disabled=not channel.active):
        form.attempt(draft, lambda: _send(who, channel, draft.key), done="测试消息已交给后台发送。")
    held = st.session_state.get(_SENT)
    if held and held[0] == channel.id:
        _answer(held[1])


def _send(who: Actor, channel: Channel, key: str) -> None:
    made = db.run(channels.owe_trial, actor=who, channel_id=channel.id, key=key, now=clock.now())
    st.session_state[_SENT] = (channel.id, made)


def _answer(message_id: UUID) -> None:
    if _tell(message_id):
        st.fragment(_wait, run_every="1s")(message_id)


def _wait(message_id: UUID) -> None:
    state, _code = db.read(channels.answer_to, message_id=message_id)
    if state not in UNSENT:
        st.rerun()  # the list shows the answer as well


def _tell(message_id: UUID) -> bool:
    """Say how the trial goes; true while its end is still to come."""
    state, code = db.read(channels.answer_to, message_id=message_id)
    told = escape_md(trial_words(state, code))
    if state is MessageState.ACCEPTED:
        st.success(told, icon=":material/check:")
    elif state in UNSENT and state is not MessageState.FAILED:
        st.info(told, icon=":material/info:")
    else:
        st.error(told, icon=":material/error:")
    return state in UNSENT
