"""规则: what the administrator decides for the whole installation."""

from typing import Any

import streamlit as st

import db
from db import rules
from domain.access import Actor
from domain.clock import now
from domain.tickets import COLUMN_LABELS
from pages import _settings_form as form

_SEPARATION = {
    "mark": "单人值班：允许，并在工单上标记",
    "refuse": "拒绝：必须由另一个人核验",
}
_WHY = {
    "mark": "周末只有一个人值班时也办得下去；每一次都有标记，事后可以查看。",
    "refuse": "办理和核验分开，最严；值班只有一个人时，工单要等同事来核验。",
}


def show(who: Actor) -> None:
    held = db.read(rules.listed)
    draft = form.draft("rules")
    with st.form(draft.of("form"), width=640):
        st.markdown("**办结核验**")
        st.caption("办理的人，能不能自己核验、办结同一件工单？")
        separation = st.radio(
            "办结核验",
            list(_SEPARATION),
            list(_SEPARATION).index(held["separation.verify"]),
            format_func=lambda choice: _SEPARATION[choice],
            captions=list(_WHY.values()),
            key=draft.of("separation"),
            label_visibility="collapsed",
        )
        organisation = st.text_input(
            "单位名称", held["organisation"], key=draft.of("organisation"), placeholder="例如 桂花社区居民委员会"
        )
        phone = st.text_input(
            "值班电话", held["duty_phone"], key=draft.of("phone"), placeholder="志愿者的“我的”页上会显示"
        )
        project = st.text_input(
            "平安守望的项目名称",
            held["care.name"],
            key=draft.of("care-name"),
            placeholder="例如 窗帘之约；不填就叫平安守望",
        )
        st.markdown("**看板上限**")
        st.caption("一个社区同时在手的件数，超出时看板上会提醒，不会拦住。0 表示不限。")
        limits = _limits(held["wip"], draft)
        st.markdown("**积分**")
        st.caption("每天的上限算上各种服务，0 表示只按每种服务自己的上限；已发的积分、已有的兑换单不受影响。")
        numbers = _numbers(held, draft)
        if draft.submit("保存"):
            values = {
                "separation.verify": separation,
                "organisation": organisation,
                "duty_phone": phone,
                "care.name": project,
                "wip": limits,
                **numbers,
            }
            form.attempt(draft, lambda: db.run(rules.change, actor=who, values=values, now=now()), done="已保存。")


def _numbers(held: dict[str, Any], draft: form.Draft) -> dict[str, int]:
    found = {}
    for (name, (low, high, label)), place in zip(rules.NUMBERS.items(), st.columns(len(rules.NUMBERS)), strict=True):
        found[name] = int(place.number_input(label, low, high, held[name], step=1, key=draft.of(name)))
    return found


def _limits(held: dict[str, int], draft: form.Draft) -> dict[str, int]:
    found = {}
    for column, place in zip(rules.LIMITED, st.columns(len(rules.LIMITED)), strict=True):
        label, usual = COLUMN_LABELS[column], held.get(column, 0)
        found[column.value] = int(
            place.number_input(label, 0, rules.HIGHEST_LIMIT, usual, step=1, key=draft.of(f"wip-{column}"))
        )
    return found
