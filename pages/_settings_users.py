"""用户: who may log in, as what and where."""

from datetime import datetime
from uuid import UUID

import streamlit as st

import db
from db import accounts, areas
from domain.access import ROLE_LABELS, Actor
from domain.accounts import NewUser, User
from domain.areas import full_names
from domain.clock import now
from pages import _settings_form as form
from pages import _settings_table as table
from pages import _settings_user_panel as panel
from ui.text import when

CHOSEN = "st_user"


def show(who: Actor) -> None:
    names = full_names(db.read(areas.tree))
    with st.container(horizontal=True, vertical_alignment="center"):
        query = table.search("用户", "按姓名、账号或角色查找", "st_user_q")
        former = st.toggle("含已停用", key="st_user_former")
        table.add_button("新建用户", CHOSEN, ":material/person_add:")
    users = db.read(accounts.list_users, actor=who, now=now())
    seen = db.read(accounts.last_seen, actor=who)
    lines = {u.id: _line(u, seen.get(u.id), now()) for u in users if u.active or former}
    left, right = st.columns([3, 2], gap="medium")
    with left:
        found = {i: line for i, line in lines.items() if table.matches(query, line.values())}
        table.show(list(found.values()), list(found), CHOSEN, empty="没有符合的用户，请换个词。", alt="用户")
    with right:
        labels = {u.id: f"{u.name}（{panel.login_of(u)}）" for u in users if u.id in lines}
        chosen = table.pick("用户", labels, CHOSEN)
        if table.is_adding(CHOSEN):
            _create(who, names)
        elif chosen is None:
            st.caption("选一个用户，就可以改姓名、授权或收回授权、重置密码、停用。")
        else:
            panel.show(who, next(u for u in users if u.id == chosen), names)


def _line(user: User, seen: datetime | None, moment: datetime) -> dict[str, str]:
    return {
        "姓名": user.name,
        "账号": panel.login_of(user),
        "角色和辖区": "；".join(f"{ROLE_LABELS[g.role]} · {g.area_name}" for g in user.grants) or "没有授权",
        "状态": _state(user),
        "最近使用": when(seen, moment) if seen else "还没有",
    }


def _state(user: User) -> str:
    if not user.active:
        return "已停用"
    if user.must_change:
        return "待改初始密码"
    return "演示" if user.demo else "在用"


def _create(who: Actor, names: dict[UUID, str]) -> None:
    draft = form.draft("user.create")
    table.new_heading("新建用户", CHOSEN)
    with st.form(draft.of("create")):
        login = st.text_input("账号", key=draft.of("login"), placeholder="例如 limin，登录时输入")
        name = st.text_input("姓名", key=draft.of("name"), placeholder="同事怎么称呼")
        role, area = panel.role_and_area(draft, names)
        if not draft.submit("新建，并显示初始密码"):
            return
        grants = [(role, area)] if role and area else []
        form.attempt(
            draft,
            lambda: db.run(
                accounts.create_user, actor=who, login=login, name=name, grants=grants, key=draft.key, now=now()
            ),
            done="用户已建好。",
            secret=lambda made: _secret(login, made),
            clear=(table.adding(CHOSEN),),
        )


def _secret(login: str, made: NewUser) -> tuple[str, str] | None:
    return (login.strip(), made.password) if made.password else None
