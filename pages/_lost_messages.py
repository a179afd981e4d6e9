"""没有发出的消息: what reached nobody, each to be sent again by hand."""

from uuid import UUID

import streamlit as st

import db
from db import undelivered
from db.undelivered import Lost
from domain import clock
from domain.access import Actor, communities_of, has
from domain.channels import code_words
from domain.errors import Refused
from ui.text import escape_md, when

SHOWN = 20


def show(who: Actor) -> None:
    """List them for the administrator, who may have each sent again; it looks anew while one is on its way."""
    lost = db.read(undelivered.listed, actor=who, now=clock.now())
    every = "3s" if any(one.goes_again for one in lost) else None
    st.fragment(_listed, run_every=every)(who)


def beside(who: Actor) -> None:
    """List them on 平安守望 for whoever is to telephone instead."""
    if not has(who, "messages.lost"):
        return
    now = clock.now()
    lost = db.read(undelivered.listed, actor=who, now=now)
    # counted where the banner of other pages counts, not among the listed: in place of it
    urgent = db.read(undelivered.urgent_words, communities=communities_of(who.grants), now=now)
    if urgent and not lost:
        st.error(escape_md(urgent), icon=":material/sms_failed:")
    elif lost:
        # one line that is always there: on a phone a banner more pushes the alarms away
        head = f":red[**{escape_md(urgent)}**]" if urgent else f"没有发出的消息（{len(lost)}）：请打电话通知"
        with st.expander(head, icon=":material/sms_failed:"):
            for one in lost[:SHOWN]:
                with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                    st.caption(escape_md(_words(one)))
                    if one.incident_id:
                        st.button("看预警", key=f"lost-{one.id.hex}", on_click=_open, args=(one.incident_id,))


def _listed(who: Actor) -> None:
    lost = db.read(undelivered.listed, actor=who, now=clock.now())
    st.markdown(f"**没有发出的消息**（{len(lost)}）" if lost else "**没有发出的消息**：没有")
    for one in lost[:SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(escape_md(_words(one)))
            if not one.goes_again:
                st.button("重发", key=f"st_again_{one.id.hex}", on_click=_again, args=(who, one.id))
    if len(lost) > SHOWN:
        st.caption(f"还有 {len(lost) - SHOWN} 条没有列出。")


def _words(one: Lost) -> str:
    state = "重试中" if one.goes_again else "失败"
    whom = f"应通知{one.who}" if one.who else ""
    told = (state, when(one.at, clock.now()), one.channel or "没有渠道", one.text, whom, code_words(one.code))
    return "　".join(filter(None, told))


def _open(incident_id: UUID) -> None:
    st.query_params["incident"] = str(incident_id)


def _again(who: Actor, message_id: UUID) -> None:
    try:
        db.run(undelivered.send_again, actor=who, message_id=message_id, now=clock.now())
    except Refused as refused:
        st.toast(escape_md(refused.message), icon=":material/info:")
    else:
        st.toast("已重新排队发送。", icon=":material/check:")
