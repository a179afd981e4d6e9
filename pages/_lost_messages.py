"""没有发出的消息: what reached nobody, each to be sent again by hand."""

from uuid import UUID

import streamlit as st

import db
from db import undelivered
from domain import clock
from domain.access import Actor
from domain.channels import code_words
from domain.errors import Refused
from ui.text import escape_md, when

SHOWN = 20


def show(who: Actor) -> None:
    lost = db.read(undelivered.listed, actor=who, now=clock.now())
    st.markdown(f"**没有发出的消息**（{len(lost)}）" if lost else "**没有发出的消息**：没有")
    for one in lost[:SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            told = f"{when(one.at, clock.now())}　{one.channel or '没有渠道'}　{one.text}　{code_words(one.code)}"
            st.caption(escape_md(told))
            st.button("重发", key=f"st_again_{one.id.hex}", on_click=_again, args=(who, one.id))
    if len(lost) > SHOWN:
        st.caption(f"还有 {len(lost) - SHOWN} 条较早的没有列出。")


def _again(who: Actor, message_id: UUID) -> None:
    try:
        db.run(undelivered.send_again, actor=who, message_id=message_id, now=clock.now())
    except Refused as refused:
        st.toast(escape_md(refused.message), icon=":material/info:")
    else:
        st.toast("已重新排队发送。", icon=":material/check:")
