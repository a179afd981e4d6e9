"""登记老人: one form for person, place, sign, plan, consent and who looks; all of it is written or nothing."""

from typing import Any

import streamlit as st

import db
from db import care_plans, care_register, elders
from db.elders import Elder
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.care_register import outlook
from domain.errors import Invalid
from domain.people import check_phone
from pages import _care_enrol_fields as fields
from pages import _settings_form as form
from pages import _settings_table as table
from pages._care_enrol_fields import Filled
from pages._care_words import ELDER as CHOSEN

ENROLLED = "care_enrolled"  # in the state: who was put on the register just now, with something still missing


def show(who: Actor, here: Area) -> None:
    with st.container(width=860):
        table.new_heading("登记老人", CHOSEN)
        draft = form.draft("care.enrol", here.id)
        # no st.form: who is chosen as 主责 is not offered as 备份
        with st.container(border=True):
            filled = fields.ask(who, here, draft)
            draft.place = st.empty()
            if st.button("登记", type="primary", key=draft.of("enrol")):
                form.attempt(
                    draft,
                    lambda: db.run(_enrol, actor=who, here=here, filled=filled, key=draft.key),
                    done=lambda made: _done(who, here, made),
                    clear=(table.adding(CHOSEN),),
                )


def _done(who: Actor, here: Area, made: Elder) -> str:
    """Tell what is true, by what the register says blocks tomorrow."""
    listed = db.read(care_register.listed, actor=who, community_id=here.id, now=clock.now())
    missing = next((entry.gaps for entry in listed if entry.id == made.id), ())
    st.session_state[ENROLLED] = str(made.id) if missing else None
    return f"已登记 {made.code}。{outlook(missing)}"


def _check(filled: Filled) -> None:
    """Refuse with everything that is wrong at once."""
    wrong = {
        "请填写老人的姓名。": not filled.person["name"].strip(),
        "请选择楼栋。": filled.area_id is None,
        "请填写同意书日期；还没有签同意书的，请把“本人同意”清空，签好后再补。": filled.agreed and not filled.agreed_on,
        "请填写联系人的姓名和电话。": any(not c.name.strip() or not c.phone.strip() for c in filled.contacts),
    }
    told = [sentence for sentence, is_wrong in wrong.items() if is_wrong]
    for phone in (filled.person["phone"], *(c.phone for c in filled.contacts)):
        try:
            check_phone(phone)
        except Invalid as refused:
            told.append(refused.message)
    if told:
        raise Invalid("".join(told))


def _enrol(tx: Any, *, actor: Actor, here: Area, filled: Filled, key: str) -> Elder:
    """Write all of it or nothing."""
    _check(filled)
    assert filled.area_id is not None
    now = clock.now()
    base: dict[str, Any] = {"actor": actor, "now": now}
    made = elders.enrol(tx, community_id=here.id, area_id=filled.area_id, **filled.person, key=key, **base)
    if filled.slots:
        version: dict[str, Any] = {"expected_version": made.version}
        made = care_plans.set_slots(tx, elder_id=made.id, slots=filled.slots, **version, key=f"{key}.s", **base)
    if filled.contacts:
        version = {"expected_version": made.version}
        care_plans.set_contacts(tx, elder_id=made.id, contacts=filled.contacts, **version, key=f"{key}.c", **base)
    for scope in filled.agreed:
        agreed: dict[str, Any] = {"scope": scope, "granted_on": filled.agreed_on, "paper": filled.paper}
        care_plans.consent(tx, elder_id=made.id, **agreed, key=f"{key}.{scope}", **base)
    for duty, user in filled.lookers.items():
        if user:
            care_plans.set_duty(tx, elder_id=made.id, duty=duty, user_id=user, key=f"{key}.{duty}", **base)
    return made
