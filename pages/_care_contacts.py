"""Whom to call: added one by one; the list is written as a whole, so its writer must see all of it."""

from typing import Any

import streamlit as st

import db
from db import care_plans
from db.care_elder import ElderPage
from db.care_plans import ContactPlan
from domain import clock
from domain.access import Actor
from pages import _settings_form as form


def show(actor: Actor, page: ElderPage) -> None:
    hidden = [one for one in page.contacts if not one.person.revealed_until]
    if hidden:
        st.caption("修改以前，先在上面把每位联系人“查看完整信息”：名单整张保存，看不见的不能替他改。")
        return
    draft = form.draft("care.contacts", page.elder.id, page.elder.version)
    rows = [
        {
            "姓名": c.person.name,
            "电话": c.person.phone,
            "关系": c.relation,
            "有钥匙": c.has_key,
            "分钟路程": c.minutes_away,
        }
        for c in page.contacts
    ]
    with st.form(draft.of("form"), border=False):
        kept = [_ask(draft, n, row) for n, row in enumerate([*rows, {}])]
        st.caption("从上到下依次拨打；姓名清空就删去一位。")
        if draft.submit("保存联系人"):
            contacts = [one for one in kept if one.name.strip() or one.phone.strip()]
            call: dict[str, Any] = {"elder_id": page.elder.id, "contacts": contacts, "expected_version": draft.version}
            form.attempt(
                draft,
                lambda: db.run(care_plans.set_contacts, actor=actor, **call, key=draft.key, now=clock.now()),
                done=f"已保存 {len(contacts)} 位联系人。",
            )


def _ask(draft: form.Draft, place: int, held: dict[str, Any]) -> ContactPlan:
    label = f"第 {place + 1} 位" if held else "再加一位"
    name, phone = st.columns(2)
    who = name.text_input(f"{label}姓名", held.get("姓名", ""), key=draft.of(f"name-{place}"))
    number = phone.text_input("电话", held.get("电话", ""), key=draft.of(f"phone-{place}"))
    relation, key = st.columns(2, vertical_alignment="bottom")
    related = relation.text_input("关系", held.get("关系", ""), key=draft.of(f"rel-{place}"), placeholder="例如 女儿")
    has_key = key.checkbox("有钥匙", held.get("有钥匙", False), key=draft.of(f"key-{place}"))
    return ContactPlan(who, number, related, has_key, held.get("分钟路程"))
