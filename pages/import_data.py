"""数据导入: a file of messages becomes tickets, looked at first, and can be taken back."""

import streamlit as st

import db
from db import areas
from domain import access, clock
from domain.access import Actor
from domain.areas import Area
from pages import _form, _import_check, _import_file, _import_past, _import_run
from pages._import_state import Job, State, state
from pages._session import require
from ui import theme


def _community(actor: Actor) -> Area | None:
    held = [a for a in db.read(areas.communities, actor) if access.has(actor, "tickets.import", a.path)]
    if len(held) == 1:
        return held[0]
    return st.selectbox(
        "导入到哪个社区",
        held,
        index=None,
        format_func=lambda area: area.name,
        placeholder="请选择；表里有“社区”一列的，以表里为准",
        width=420,
    )


def _prepare(actor: Actor, held: State) -> None:
    file = _import_file.choose(held)
    if file is None:
        st.caption("从原来的系统导出 Excel 或 CSV，直接放进来即可：先看一看会怎样，再决定导入。")
        return
    readable = file.parsed is not None or bool(file.headers)
    source, community = (_import_file.source_name(actor), _community(actor)) if readable else ("", None)
    parsed = _import_file.understood(file, source)
    if parsed is None:
        return
    _import_check.preview(parsed)
    if not source or community is None:
        st.info("填好来源名称" + ("" if community else "、选好社区") + "，就可以核对和导入。", icon=":material/edit:")
        return
    _import_check.counts(held, actor, parsed, community, source)
    job = Job(parsed, source, community, clock.now())
    st.button("开始导入", type="primary", icon=":material/play_arrow:", on_click=setattr, args=(held, "job", job))


who = require("tickets.import")
theme.style()
_form.tell()
st.subheader("数据导入", anchor=False)
held = state()
if held.job:
    _import_run.go(held, who, held.job)
elif held.result:
    _import_run.show(held, who, held.result)
else:
    _prepare(who, held)
_import_past.show(who)
