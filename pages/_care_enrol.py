"""登记老人: one form for person, place, sign, plan, consent and who looks; all of it is written or nothing."""

from typing import Any

import streamlit as st

import db
from db import care_plans, elders
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.errors import Invalid
from pages import _care_enrol_fields as fields
from pages import _settings_form as form
from pages import _settings_table as table
from pages._care_enrol_fields import Filled
from pages._care_words import ELDER as CHOSEN


def show(who: Actor, here: Area) -> None:
    with st.container(width=860):
        table.new_heading("登记老人", CHOSEN)
        draft = form.draft("care.enrol", here.id)
        with st.form(draft.of("form")):
            filled = fields.ask(who, here, draft)
            if draft.submit("登记"):
                form.attempt(
                    draft,
                    lambda: db.run(_enrol, actor=who, here=here, filled=filled, key=draft.key),
                    done=lambda code: f"已登记 {code}。同意书、主责和备份齐了，明天就开始巡看。",
                    clear=(table.adding(CHOSEN),),
                )


def _enrol(tx: Any, *, actor: Actor, here: Area, filled: Filled, key: str) -> str:
    """Write all of it or nothing."""
    if filled.area_id is None:
        raise Invalid("请选择楼栋。", field="area_id")
    now = clock.now()
    base: dict[str, Any] = {"actor": actor, "now": now}
    made = elders.enrol(tx, community_id=here.id, area_id=filled.area_id, **filled.person, key=key, **base)
    if filled.slots:
        version: dict[str, Any] = {"expected_version": made.version}
        made = care_plans.set_slots(tx, elder_id=made.id, slots=filled.slots, **version, key=f"{key}.s", **base)
    if filled.contacts:
        version = {"expected_version": made.version}
        care_plans.set_contacts(tx, elder_id=made.id, contacts=filled.contacts, **version, key=f"{key}.c", **base)
    for scope in filled.agreed if filled.agreed_on else ():
        agreed: dict[str, Any] = {"scope": scope, "granted_on": filled.agreed_on, "paper": filled.paper}
        care_plans.consent(tx, elder_id=made.id, **agreed, key=f"{key}.{scope}", **base)
    for duty, user in filled.lookers.items():
        if user:
            care_plans.set_duty(tx, elder_id=made.id, duty=duty, user_id=user, key=f"{key}.{duty}", **base)
    return made.code
