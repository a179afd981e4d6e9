"""The first steps of a new installation, on top of the settings until they are done."""

import streamlit as st

import db
from db.first_steps import first_steps

# what, what it takes, the section where it is done; a ticket is not the administrator's to take down
STEPS = (
    ("辖区", "先添加街道，再在它下面添加社区；网格和楼栋可以以后再加。", "辖区"),
    ("用户", "给社区工作者建账号：工单由他们登记和派单。", "用户"),
    ("处理人", "登记上门办事的师傅、保洁班、物业等，或给网格员建账号。", "处理人"),
    ("登记第一张工单", "请社区工作者登录，在“工单看板”里登记；以前的工单可在“数据导入”里导入。", ""),
)


def show() -> None:
    held = db.read(first_steps)
    if held.done:
        return
    done = (held.areas, held.users, held.parties, held.ticket)
    following = done.index(False)
    with st.container(border=True, key="st_start", gap="small"):
        st.markdown(f"**开始使用：还有 {done.count(False)} 步**")
        for n, (title, why, section) in enumerate(STEPS):
            _step(n, f"{'①②③④'[n]} {title}", why, section, "done" if done[n] else "next" if n == following else "later")


def _step(n: int, title: str, why: str, section: str, state: str) -> None:
    marks = {
        "done": ":material/check_circle: 已完成",
        "next": ":material/arrow_forward: 下一步",
        "later": ":gray[以后]",
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(marks[state], width=88)
        st.markdown(f"**{title}**" if state == "next" else title, width=140)
        st.caption("" if state == "done" else why)
        if section and state != "done":
            kind = "primary" if state == "next" else "secondary"
            st.button(f"去{section}", key=f"st_start_{n}", type=kind, on_click=_go, args=(section,))  # type: ignore[arg-type]


def _go(section: str) -> None:
    st.session_state["section"] = section
