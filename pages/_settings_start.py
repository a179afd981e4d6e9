"""The first steps of a new installation, on top of the settings until they are done."""

import streamlit as st

import db
from db.first_steps import first_steps

# what, what it takes, the section where it is done; a ticket is not the administrator's to take down
STEPS = (
    ("① 辖区", "先添加街道，再选中它，在它下面添加社区；网格和楼栋可以以后再加。", "辖区"),
    ("② 用户", "给社区工作者建账号：工单由他们登记和派单。", "用户"),
    ("③ 处理人", "登记上门办事的师傅、保洁班、物业等，或给网格员建账号。", "处理人"),
    ("④ 登记第一张工单", "请社区工作者登录，在“工单看板”点“登记诉求”；以前的工单可在“数据导入”里导入。", ""),
)


def show(section: str) -> None:
    """Mark what is done and what comes next, in two lines: the section below needs the height."""
    held = db.read(first_steps)
    if held.done:
        return
    done = (held.areas, held.users, held.parties, held.ticket)
    following = done.index(False)
    _, why, where = STEPS[following]
    with st.container(border=True, key="st_start", gap="small"):
        with st.container(horizontal=True, gap="medium"):
            st.markdown(f"**开始使用：还有 {done.count(False)} 步**", width="content")
            for n, (title, *_) in enumerate(STEPS):
                st.markdown(_marked(title, done[n], n == following), width="content")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"下一步：{why}", width="content")
            if where and where != section:
                st.button(f"去{where}", key="st_start_go", type="primary", on_click=_go, args=(where,))


def _marked(title: str, done: bool, following: bool) -> str:
    if done:
        return f":primary[:material/check_circle: {title}]"
    return f":material/arrow_forward: **{title}**" if following else f":gray[{title}]"


def _go(section: str) -> None:
    st.session_state["section"] = section
