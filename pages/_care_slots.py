"""The looks of an elder's day: from when until when, how long it is still no alarm, on which days."""

from datetime import time
from typing import Any

import streamlit as st

import db
from db import care_plans
from db.care_elder import ElderPage
from domain import clock
from domain.access import Actor
from domain.care import SLOT_LABELS, Slot
from domain.windows import EVENING, MORNING, SlotPlan
from pages import _care_words as words
from pages import _settings_form as form

_USUAL = {Slot.MORNING: MORNING, Slot.EVENING: EVENING}


def show(actor: Actor, page: ElderPage) -> None:
    draft = form.draft("care.slots", page.elder.id, page.elder.version)
    held = {one.slot: one for one in page.plans}
    with st.form(draft.of("form"), border=False):
        chosen = [plan for slot in Slot if (plan := _slot(draft, slot, held.get(slot)))]
        if draft.submit("保存时段"):
            call: dict[str, Any] = {"elder_id": page.elder.id, "slots": chosen, "expected_version": draft.version}
            form.attempt(
                draft,
                lambda: db.run(care_plans.set_slots, actor=actor, **call, key=draft.key, now=clock.now()),
                done="时段已改，从下一次还没开始的巡看起。",
            )


def _slot(draft: form.Draft, slot: Slot, held: SlotPlan | None) -> SlotPlan | None:
    usual = held or _USUAL[slot]
    on = st.checkbox(f"{SLOT_LABELS[slot]}看一次", held is not None, key=draft.of(f"{slot}-on"))
    opens, due, grace = st.columns(3)
    call: dict[str, Any] = {"step": 900}
    first = opens.time_input("从", _time(usual.opens_min), key=draft.of(f"{slot}-from"), **call)
    last = due.time_input("到", _time(usual.due_min), key=draft.of(f"{slot}-to"), **call)
    wait = grace.number_input("宽限（分钟）", 0, 240, usual.grace_min, step=15, key=draft.of(f"{slot}-grace"))
    days = st.pills(
        "哪几天",
        list("一二三四五六日"),
        selection_mode="multi",
        default=words.chosen_days(usual.weekdays),
        key=draft.of(f"{slot}-days"),
    )
    if not on:
        return None
    return SlotPlan(slot, _minutes(first), _minutes(last), int(wait), words.bits(list(days)))


def _time(minutes: int) -> Any:
    return time(minutes // 60, minutes % 60)


def _minutes(given: Any) -> int:
    return given.hour * 60 + given.minute if given else 0
