"""处理人: who can be given a ticket, with or without a login."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import areas, categories, parties
from db.parties import Party
from domain.access import Actor
from domain.areas import Area, Level, full_names
from domain.clock import now
from pages import _settings_form as form
from pages import _settings_table as table
from ui.text import escape_md

CHOSEN = "st_party"


def show(who: Actor) -> None:
    tree = db.read(areas.tree)
    names = {"area": full_names(tree), "category": {c.id: c.label for c in db.read(categories.listed)}}
    with st.container(horizontal=True, vertical_alignment="center"):
        query = table.search("处理人", "按称呼、工种或电话查找", "st_party_q")
        former = st.toggle("含已停用", key="st_party_former")
        table.add_button("登记处理人", CHOSEN, ":material/person_add:")
    listed = db.read(parties.listed, who, with_inactive=former)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        lines = {p.id: _line(p, names) for p in listed}
        found = {i: line for i, line in lines.items() if table.matches(query, line.values())}
        empty = "没有符合的处理人，请换个词。" if query else "还没有处理人，请点“登记处理人”。"
        table.show(list(found.values()), list(found), CHOSEN, empty=empty, alt="处理人")
    with right:
        chosen = table.pick("处理人", {p.id: f"{p.label} {p.trade}".strip() for p in listed}, CHOSEN)
        if table.is_adding(CHOSEN):
            _create(who, [a for a in tree if a.level is Level.COMMUNITY], names)
        elif chosen is None:
            st.caption("选一位处理人，就可以改工种、电话、服务范围，或停用。")
        else:
            _change(who, next(p for p in listed if p.id == chosen), names)


Names = dict[str, dict[UUID, str]]


def _line(party: Party, names: Names) -> dict[str, str]:
    return {
        "称呼": party.label,
        "工种": party.trade,
        "电话": party.phone,
        "服务范围": "、".join(sorted(names["area"].get(i, "已关闭的辖区") for i in party.area_ids)) or "全社区",
        "类别": "、".join(sorted(names["category"].get(i, "已停用的类别") for i in party.category_ids)) or "不限",
        "在手": str(party.open_tickets),
        "类型": ("单位" if party.is_unit else "个人") + ("" if party.user_id is None else "，有账号"),
        "状态": "在用" if party.active else "已停用",
    }


def _create(who: Actor, communities: list[Area], names: Names) -> None:
    draft = form.draft("party.create")
    table.new_heading("登记处理人", CHOSEN)
    st.caption("没有账号的师傅、保洁班、物业等；有账号的工作人员已自动列入。")
    with st.form(draft.of("create")):
        community = st.selectbox(
            "社区",
            [a.id for a in communities],
            format_func=lambda i: names["area"][i],
            key=draft.of("community"),
            index=None,
            placeholder="请选择社区",
        )
        label, values = _fields(draft, None, names)
        if not draft.submit("登记"):
            return
        if community is None:
            draft.refuse("请选择处理人所在的社区。")
            return
        form.attempt(
            draft,
            lambda: db.run(
                parties.create, actor=who, community_id=community, label=label, key=draft.key, now=now(), **values
            ),
            done=f"已登记“{label.strip()}”。",
            clear=(table.adding(CHOSEN),),
        )


def _change(who: Actor, party: Party, names: Names) -> None:
    draft = form.draft("party.change", party.id, party.version)
    st.markdown(f"**{escape_md(party.label)}** :gray[{escape_md(names['area'].get(party.community_id, ''))}]")
    with st.form(draft.of("change")):
        label, values = _fields(draft, party, names)
        active = st.toggle("在用", party.active, key=draft.of("active"), disabled=party.user_id is not None)
        if party.user_id:
            st.caption("这位处理人有账号：称呼和停用请在“用户”里改。")
        if draft.submit("保存"):
            form.attempt(
                draft,
                lambda: db.run(
                    parties.change,
                    actor=who,
                    party_id=party.id,
                    label=label,
                    active=active,
                    expected_version=draft.version,
                    now=now(),
                    **values,
                ),
                done="已保存。",
            )


def _fields(draft: form.Draft, party: Party | None, names: Names) -> tuple[str, dict[str, Any]]:
    label = st.text_input(
        "称呼",
        party.label if party else "",
        key=draft.of("label"),
        placeholder="例如 王师傅、保洁班",
        disabled=bool(party and party.user_id),
    )
    left, right = st.columns(2)
    return label, {
        "trade": left.text_input(
            "工种", party.trade if party else "", key=draft.of("trade"), placeholder="例如 水电维修"
        ),
        "phone": right.text_input(
            "电话", party.phone if party else "", key=draft.of("phone"), placeholder="派单的人看得到"
        ),
        "is_unit": st.radio(
            "类型", ["个人", "单位"], int(party.is_unit) if party else 0, key=draft.of("unit"), horizontal=True
        )
        == "单位",
        "area_ids": _several("服务范围", names["area"], party.area_ids if party else (), draft.of("areas"), "全社区"),
        "category_ids": _several(
            "擅长类别", names["category"], party.category_ids if party else (), draft.of("categories"), "不限类别"
        ),
    }


def _several(label: str, names: dict[UUID, str], held: Iterable[UUID], key: str, none: str) -> frozenset[UUID]:
    # what is closed or retired by now can't be shown, and must not be lost by a save
    hidden = frozenset(held) - names.keys()
    shown = [i for i in held if i in names]
    picked = st.multiselect(label, list(names), shown, format_func=lambda i: names[i], key=key, placeholder=none)
    return frozenset(picked) | hidden
