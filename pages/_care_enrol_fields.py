"""The fields of 登记老人."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import areas, care_register
from db.care_plans import ContactPlan
from domain import clock
from domain.access import Actor
from domain.areas import Area, Level
from domain.care import SCOPE_LABELS, SIGN_LABELS, TIER_LABELS, Duty, Scope, Sign, Slot, Tier
from domain.clock import local_date
from domain.windows import EVENING, MORNING, SlotPlan
from pages import _care_words as words
from pages import _settings_form as form

_PLANS = {Slot.MORNING: MORNING, Slot.EVENING: EVENING}
_HOMES = (Level.BUILDING, Level.UNIT, Level.GRID)


@dataclass
class Filled:
    area_id: UUID | None = None
    person: dict[str, Any] = field(default_factory=dict)
    slots: list[SlotPlan] = field(default_factory=list)
    agreed: list[Scope] = field(default_factory=list)
    agreed_on: date | None = None
    paper: str = ""
    lookers: dict[Duty, UUID | None] = field(default_factory=dict)
    contacts: list[ContactPlan] = field(default_factory=list)


def ask(who: Actor, here: Area, draft: form.Draft) -> Filled:
    filled = Filled()
    places = {a.id: a for a in db.read(areas.visible, actor=who) if a.community_id == here.id and a.level in _HOMES}
    st.caption("姓名和楼栋必填，其余可以以后补；同意书、时段、主责和备份齐了，才每天有人去看。")
    left, right = st.columns(2, gap="medium")
    with left:
        name = st.text_input("姓名", key=draft.of("name"), placeholder="必填")
        phone = st.text_input("电话", key=draft.of("phone"))
        filled.area_id = st.selectbox(
            "楼栋",
            list(places),
            index=None,
            format_func=lambda i: places[i].name,
            placeholder="必填，选择楼栋",
            key=draft.of("area"),
        )
        address = st.text_input("门牌", key=draft.of("address"), placeholder="例如 3号楼2单元402")
        called = st.text_input("称呼", key=draft.of("called"), placeholder="例如 张奶奶")
        place = st.text_input("在哪里看", key=draft.of("place"), placeholder="例如 2单元4楼东窗，从花坛看")
    with right:
        sign = st.selectbox("平安信号", list(Sign), format_func=SIGN_LABELS.__getitem__, key=draft.of("sign"))
        tier = st.segmented_control(
            "关注等级",
            list(Tier),
            default=Tier.B,
            required=True,
            format_func=TIER_LABELS.__getitem__,
            key=draft.of("tier"),
        )
        slots = st.multiselect(
            "时段",
            list(_PLANS),
            [Slot.MORNING],
            format_func=_slot_words,
            placeholder="选择时段",
            key=draft.of("slots"),
        )
        deaf = st.checkbox("听力不好（先敲门，不先打电话）", key=draft.of("deaf"))
        _consents(draft, filled)
    filled.person = {"name": name, "phone": phone, "address": address, "called": called, "place": place}
    filled.person |= {"sign": sign, "tier": tier or Tier.B, "hard_of_hearing": deaf}
    filled.slots = [_PLANS[slot] for slot in slots]
    _lookers(who, here, draft, filled)
    _contact(draft, filled)
    return filled


def _slot_words(slot: Slot) -> str:
    return words.plan(_PLANS[slot]).partition("，")[0]


def _consents(draft: form.Draft, filled: Filled) -> None:
    filled.agreed = st.multiselect(
        "本人同意",
        list(Scope),
        [Scope.WATCH, Scope.CALLED],
        format_func=SCOPE_LABELS.__getitem__,
        placeholder="选择同意的事项",
        key=draft.of("agreed"),
    )
    day, paper = st.columns(2)
    filled.agreed_on = day.date_input(
        "同意书日期",
        None,
        max_value=local_date(clock.now()),
        format="YYYY-MM-DD",
        key=draft.of("agreed-on"),
    )
    filled.paper = paper.text_input("存放处", key=draft.of("paper"), placeholder="例如 守望档案 12 号")


def _lookers(who: Actor, here: Area, draft: form.Draft, filled: Filled) -> None:
    loads = {one.user_id: one for one in db.read(care_register.loads, actor=who, community_id=here.id)}
    first, second = st.columns(2)
    for place, duty, label in ((first, Duty.PRIMARY, "主责"), (second, Duty.BACKUP, "备份（不同户）")):
        taken = filled.lookers.values()
        filled.lookers[duty] = place.selectbox(
            label,
            [one for one in loads if one not in taken],
            index=None,
            format_func=lambda i: f"{loads[i].name}（主责 {loads[i].primary} 户）",
            placeholder="可以以后再定",
            key=draft.of(duty),
        )


def _contact(draft: form.Draft, filled: Filled) -> None:
    st.markdown("**第一联系人**")
    name, phone, relation = st.columns(3)
    given = (
        name.text_input("联系人姓名", key=draft.of("c-name")),
        phone.text_input("联系人电话", key=draft.of("c-phone")),
        relation.text_input("与老人的关系", key=draft.of("c-relation"), placeholder="例如 女儿"),
    )
    key = st.checkbox("有老人家的钥匙", key=draft.of("c-key"))
    if any(text.strip() for text in given):
        filled.contacts = [ContactPlan(*given, has_key=key)]
