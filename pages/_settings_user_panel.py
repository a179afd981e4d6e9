"""用户: what an administrator can do to one of them."""

from uuid import UUID

import streamlit as st

import db
from db import accounts
from domain.access import ROLE_LABELS, Actor, Role
from domain.accounts import User, UserGrant
from domain.clock import now
from pages import _settings_form as form

CHOSEN = "st_user"


def login_of(user: User) -> str:
    """Say what this user types; a demo user types nothing, and their login is a code."""
    return "在登录页点选" if user.demo else user.login


def show(who: Actor, user: User, names: dict[UUID, str]) -> None:
    _rename(who, user)
    st.markdown("**角色和辖区**")
    if not user.grants:
        st.caption("还没有授权：登录后什么也看不到，请在下面添加。")
    for grant in user.grants:
        _grant(who, user, grant)
    with st.container(horizontal=True):
        with st.popover("添加授权", icon=":material/add:"):
            _add_grant(who, user, names)
        if not user.demo:
            _reset(who, user)
        _end_sessions(who, user)
        _switch(who, user)


def _rename(who: Actor, user: User) -> None:
    draft = form.draft("user.rename", user.id, user.version)
    with st.form(draft.of("rename")):
        st.text_input("账号", login_of(user), key=draft.of("login"), disabled=True)
        name = st.text_input("姓名", user.name, key=draft.of("name"))
        if draft.submit("保存"):
            form.attempt(
                draft,
                lambda: db.run(
                    accounts.rename,
                    actor=who,
                    user_id=user.id,
                    name=name,
                    expected_version=draft.version,
                    now=now(),
                ),
                done="已保存。",
            )


def role_and_area(draft: form.Draft, names: dict[UUID, str]) -> tuple[Role | None, UUID | None]:
    role = st.selectbox(
        "角色",
        list(Role),
        index=None,
        format_func=lambda r: ROLE_LABELS[r],
        key=draft.of("role"),
        placeholder="请选择角色",
    )
    area = st.selectbox(
        "辖区",
        list(names),
        index=None,
        format_func=lambda i: names[i],
        key=draft.of("area"),
        placeholder="请选择辖区，含它下面的一切",
    )
    return role, area


def _grant(who: Actor, user: User, grant: UserGrant) -> None:
    draft = form.draft(f"revoke.{grant.id}", grant.id)
    words = f"{ROLE_LABELS[grant.role]} · {grant.area_name}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.text(words)
        why = f"收回之后，{user.name} 立即不再是“{words}”，看不到也办不了那里的工单；做过的事都保留。"
        if form.confirmed(draft, "收回…", why, "确认收回"):
            form.attempt(
                draft,
                lambda: db.run(accounts.revoke, actor=who, grant_id=grant.id, now=now()),
                done=f"已收回“{words}”。",
            )


def _add_grant(who: Actor, user: User, names: dict[UUID, str]) -> None:
    draft = form.draft("user.grant", user.id)
    with st.form(draft.of("grant"), border=False):
        role, area = role_and_area(draft, names)
        if not draft.submit("添加"):
            return
        if role is None or area is None:
            draft.refuse("请选择角色和辖区。")
            return
        form.attempt(
            draft,
            lambda: db.run(accounts.grant, actor=who, user_id=user.id, role=role, area_id=area, now=now()),
            done=f"已授权“{ROLE_LABELS[role]} · {names[area]}”。",
        )


def _reset(who: Actor, user: User) -> None:
    draft = form.draft("user.reset", user.id)
    why = f"给 {user.name} 一个新的初始密码：原密码立即作废，所有设备退出登录。"
    if form.confirmed(draft, "重置密码…", why, "确认重置，并显示新密码"):
        form.attempt(
            draft,
            lambda: db.run(accounts.reset_password, actor=who, user_id=user.id, now=now()),
            done="密码已重置。",
            secret=lambda password: (user.login, password),
        )


def _end_sessions(who: Actor, user: User) -> None:
    draft = form.draft("user.sessions", user.id)
    why = f"{user.name} 在所有电脑和手机上都要重新登录；密码不变。手机丢失时用。"
    if form.confirmed(draft, "退出其所有设备…", why, "确认退出"):
        form.attempt(
            draft,
            lambda: db.run(accounts.end_sessions, actor=who, user_id=user.id, now=now()),
            done=f"{user.name} 的所有设备都已退出。",
        )


def _switch(who: Actor, user: User) -> None:
    draft = form.draft("user.active", (user.id, user.active))
    command = accounts.deactivate if user.active else accounts.reactivate
    if user.active:
        why = f"{user.name} 立即不能再登录，也不再收到派单；做过的事都保留，以后可以恢复。"
    else:
        why = f"{user.name} 又可以用原来的密码和授权登录。"
    word = "停用" if user.active else "恢复"
    if form.confirmed(draft, f"{word}…", why, f"确认{word}"):
        form.attempt(
            draft,
            lambda: db.run(command, actor=who, user_id=user.id, now=now()),
            done=f"已{word} {user.name}。",
            clear=(CHOSEN,) if user.active else (),
        )
