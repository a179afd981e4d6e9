"""操作记录: who changed what, and who logged in, newest first."""

import streamlit as st

import db
from db import audit
from domain.access import Actor
from domain.audit import Entry
from domain.clock import local
from pages import _settings_table as table

_PAGES = "st_audit_pages"  # where each page opened so far begins


def show(who: Actor) -> None:
    starts = st.session_state.setdefault(_PAGES, [None])
    found = db.read(audit.listed, actor=who, before=starts[-1], limit=audit.PAGE + 1)
    page = found[: audit.PAGE]
    st.caption("查看居民信息也记在这里：谁、为什么、哪张工单，不记居民是谁；谁也不能改、不能删。")
    table.plain([_line(e) for e in page], empty="还没有记录。登录和每一次设置都会记在这里。", alt="操作记录")
    with st.container(horizontal=True):
        if len(starts) > 1:
            st.button("较新的", key="st_audit_newer", icon=":material/chevron_left:", on_click=starts.pop)
        if len(found) > audit.PAGE:
            end = (page[-1].at, page[-1].id)
            st.button(
                "较早的", key="st_audit_older", icon=":material/chevron_right:", on_click=starts.append, args=(end,)
            )


def _line(entry: Entry) -> dict[str, str]:
    return {
        "时间": f"{local(entry.at):%Y-%m-%d %H:%M:%S}",
        "谁": entry.who,
        "做了什么": entry.what,
        "对象": entry.subject,
        "说明": entry.detail,
    }
