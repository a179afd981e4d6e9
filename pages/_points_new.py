"""登记服务: what somebody did, noted by somebody else; several who did it together in one go."""

from typing import Any

import streamlit as st

import db
from db import records
from db.points_desk import Found
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.errors import Invalid, Refused
from pages import _photos, _points_new_fields, _points_person, _points_words
from pages import _settings_form as form
from pages._points_new_fields import Filled

_WHO, _LIST = "new-record", "points_together"


def show(who: Actor, here: Area) -> None:
    st.caption("记别人做的好事：志愿服务、合理化建议、邻里调解。自己做的请同事来登记，另一位同事核验后入账。")
    left, right = st.columns(2, gap="medium")
    with left:
        people = _people(who, here)
    draft = form.draft("points.record", here.id)
    with right:
        filled = _points_new_fields.ask(who, here, draft)
        sheets = _points_new_fields.sheets(filled, draft)
        _points_new_fields.forecast(here, filled, bool(sheets))
        draft.place = st.empty()
        if st.button("登记", type="primary", key=draft.of("go")):
            form.attempt(
                draft,
                lambda: _note(who, here, draft, people, filled, sheets),
                done=_told,
                clear=(f"{_WHO}-q", _LIST),
            )


def _people(who: Actor, here: Area) -> list[Found]:
    """Choose one, or put several on a list who did it together."""
    together: dict[str, Found] = st.session_state.get(_LIST) or {}
    found = _points_person.choose(who, here, _WHO)
    if found:
        call = ({**together, _id(found): found},)
        label = "还有别人，先加入名单"
        st.button(label, icon=":material/group_add:", key="together-add", on_click=_put, args=call)
    if together:
        st.markdown(f"**一起做的 {len(together)} 人**")
        for one in together.values():
            st.markdown(f"- {_points_words.person(one)}")
        st.button("清空名单", key="together-none", type="tertiary", on_click=lambda: st.session_state.pop(_LIST))
    everyone = dict(together)
    if found:
        everyone[_id(found)] = found
    return list(everyone.values())


def _id(found: Found) -> str:
    return str(found.person_id or found.party_id)


def _put(together: dict[str, Found]) -> None:
    """Put them on the list, and clear the search for the next."""
    st.session_state[_LIST], st.session_state[f"{_WHO}-q"] = together, ""


def _note(
    who: Actor, here: Area, draft: form.Draft, people: list[Found], filled: Filled, sheets: list[Any]
) -> tuple[int, list[str]]:
    """Note it for each, with a key of their own; alone, a refusal stands at the form."""
    if not people:
        raise Invalid("请先在左边输入姓名或电话，找到做事的人。", field="person_id")
    kept = _photos.kept(sheets)
    refused = []
    for number, found in enumerate(people):
        try:
            _note_one(who, here, f"{draft.key}.{number}", found, filled, kept[0].sha256 if kept else None)
        except Refused as no:
            if len(people) == 1:
                raise
            refused.append(f"{found.name}：{no.message}")
    return len(people) - len(refused), refused


def _note_one(who: Actor, here: Area, key: str, found: Found, filled: Filled, sheet: str | None) -> None:
    person = _points_person.known(who, here, found, key)
    call: dict[str, Any] = {"area_id": filled.area_id, "kind": filled.kind, "items": filled.items, "note": filled.note}
    times: dict[str, Any] = {"started_at": filled.started_at, "ended_at": filled.ended_at}
    now = clock.now()
    db.run(records.record, actor=who, person_id=person, **call, **times, evidence_sha256=sheet, key=key, now=now)


def _told(outcome: tuple[int, list[str]]) -> str:
    count, refused = outcome
    done = f"已登记 {count} 人，请一位同事核验。" if count else ""
    return done + (f"{len(refused)} 人没有登记：{'；'.join(refused)}" if refused else "")
