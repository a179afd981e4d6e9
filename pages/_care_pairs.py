"""结对: who has how many elders, and who looks in on whom: 主责 and 备份 of different households."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import care_plans, care_register
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.care import MOST_A_LOOKER, Duty
from domain.care_register import GAP_LABELS, Entry, Load
from pages import _settings_form as form
from pages import _settings_table as table

_CHOSEN = "care_looker"


def show(who: Actor, here: Area) -> None:
    now = clock.now()
    entries = db.read(care_register.listed, actor=who, community_id=here.id, now=now)
    loads = db.read(care_register.loads, actor=who, community_id=here.id)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _loads(loads, entries)
    with right:
        if has(who, "care.plan") and not who.read_only and entries:
            _assign(who, entries, {one.user_id: one for one in loads})
        _theirs(loads, entries)


def _loads(loads: Sequence[Load], entries: Sequence[Entry]) -> None:
    busy = [one for one in loads if one.primary or one.backup]
    rows = [_row(one) for one in busy]
    empty = "还没有结对。在右边选一位老人，定下主责和备份。"
    table.show(rows, [one.user_id for one in busy], _CHOSEN, empty=empty, alt="每人的户数，选中一行看是哪几户")
    firsts = [one.primary for one in busy if one.primary]
    if firsts:
        mean = sum(firsts) / len(firsts)
        st.caption(
            f"{len(firsts)} 人担任主责，平均 {mean:.1f} 户，最多 {max(firsts)} 户；一人最多 {MOST_A_LOOKER} 户。"
            f"名册共 {len(entries)} 户。"
        )


def _row(one: Load) -> dict[str, Any]:
    full = "已满" if one.primary >= MOST_A_LOOKER else ""
    return {"姓名": one.name, "主责（户）": one.primary, "备份（户）": one.backup, "提示": full}


def _label(entry: Entry) -> str:
    missing = "、".join(GAP_LABELS[gap] for gap in entry.gaps)
    return f"{entry.code} · {entry.building}" + (f"（{missing}）" if missing else "")


def _assign(who: Actor, entries: Sequence[Entry], loads: Mapping[UUID, Load]) -> None:
    """Offer those first who have nobody."""
    held = {e.id: e for e in sorted(entries, key=lambda e: (len(e.lookers), e.code))}
    st.markdown("**定主责和备份**")
    elder = st.selectbox("老人", list(held), format_func=lambda i: _label(held[i]), key="pair-elder")
    draft = form.draft("care.pair", elder)
    with st.form(draft.of("form")):
        chosen = {
            duty: st.selectbox(
                label,
                list(loads),
                _place(loads, held[elder], duty),
                format_func=lambda i: f"{loads[i].name}（主责 {loads[i].primary} 户）",
                placeholder="还没有",
                key=draft.of(duty),
            )
            for duty, label in ((Duty.PRIMARY, "主责"), (Duty.BACKUP, "备份（与主责不同户）"))
        }
        if draft.submit("保存结对"):
            form.attempt(
                draft,
                lambda: db.run(_pair, actor=who, elder_id=elder, chosen=chosen, key=draft.key),
                done=f"{held[elder].code} 的结对已保存，还没开始的巡看随着改过来。",
            )


def _place(loads: Mapping[UUID, Load], entry: Entry, duty: Duty) -> int | None:
    held = entry.lookers.get(duty)
    return list(loads).index(held[0]) if held and held[0] in loads else None


def _pair(tx: Any, *, actor: Actor, elder_id: UUID, chosen: Mapping[Duty, UUID | None], key: str) -> None:
    """Take away first, so that two may change places."""
    now, held = clock.now(), care_plans.duties(tx, elder_id)
    call: dict[str, Any] = {"actor": actor, "elder_id": elder_id, "now": now}
    changed = {duty: user for duty, user in chosen.items() if held.get(duty) != user}
    for duty in changed:
        if duty in held:
            care_plans.set_duty(tx, duty=duty, user_id=None, key=f"{key}.{duty}.0", **call)
    for duty, user in changed.items():
        if user is not None:
            care_plans.set_duty(tx, duty=duty, user_id=user, key=f"{key}.{duty}", **call)


def _theirs(loads: Sequence[Load], entries: Sequence[Entry]) -> None:
    chosen = st.session_state.get(_CHOSEN)
    name = next((one.name for one in loads if one.user_id == chosen), "")
    if not name:
        return
    for duty, label in ((Duty.PRIMARY, "主责"), (Duty.BACKUP, "备份")):
        theirs = [e for e in entries if (held := e.lookers.get(duty)) and held[0] == chosen]
        if theirs:
            st.markdown(f"**{name} · {label} {len(theirs)} 户**")
            st.caption("、".join(f"{e.code} {e.building}" for e in theirs))
