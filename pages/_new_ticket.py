"""登记诉求: who, type, what, where; the rest folded away with sensible defaults.

No st.form: what is typed has to reach the server on leaving a field, for the draft and for 同类反映.
Fields and buttons are one fragment, the dialog's; a click is noted by its callback and done after the fields.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

import streamlit as st

import db
from db import areas, categories, people
from db.categories import Category
from domain import clock
from domain.access import STAFF, Actor
from domain.areas import Area
from domain.intake import emergency_word, guess_grade, guess_kind, parse
from domain.steps import TRANSITIONS
from domain.tickets import Action, Channel
from pages import _draft, _form, _new_fields, _new_leaving, _new_photos, _new_sending, _new_texts, _similar
from pages._new_leaving import NAME
from pages._new_sending import SAID_WHY
from pages._session import require
from ui.focus import focus
from ui.text import when
from ui.typed import typed

_RESTORED = "restored-{}"
Held: TypeAlias = Mapping[UUID, Area]
Kinds: TypeAlias = Mapping[UUID, Category]


def show() -> None:
    """Open the form; to be called from the page's body. A slip of the hand does not close it."""
    st.dialog("登记诉求", width=620, position="right", dismissible=False)(_dialog)()


def _dialog() -> None:
    actor, key = require("tickets.board"), _new_leaving.slot()
    held = {a.id: a for a in db.read(areas.visible, actor=actor) if _may_report(actor, a)}
    kinds = {c.id: c for c in db.read(categories.listed)}
    if not held:
        st.info("您的账号还没有可以登记的辖区，请联系管理员。")
        if st.button("先不登记"):
            _new_leaving.close()
        return
    staff = bool(actor.roles & STAFF)
    with st.container(key="new-ticket"):
        _restore(actor, key, held, kinds)
        values = _staff_fields(actor, key, held, kinds) if staff else _volunteers_fields(actor, key, held)
        beside = values.pop("beside")
        values["pictures"] = _new_photos.choose(key)
        report = _new_sending.Report(actor, key, held, kinds, values)
        found = report.similar()
        if found:
            with beside:
                _similar.show(found, key, report.want)
        focus("谁反映的" if staff else "什么事", key=f"focus-{key}")
        typed(_new_texts.labelled(key), owner=f"{actor.user_id}-{key}", session=_form.key(NAME), key=f"typed-{key}")
        with st.container(key="new-ticket-foot", gap="small"):
            report.act(found)
            report.buttons(found)
    texts = _new_texts.texts(key)
    _draft.keep(actor, NAME, key, texts, typed=any(texts.get(field) for field in _new_texts.typed(actor)))


def _may_report(actor: Actor, area: Area) -> bool:
    return bool(actor.roles_at(area.path) & TRANSITIONS[Action.REPORT].roles)


def _staff_fields(actor: Actor, key: str, held: Held, kinds: Kinds) -> dict[str, Any]:
    _paste(key, kinds)
    if why := st.session_state.get(SAID_WHY.format(key)):
        st.warning(f"{why}。", icon=":material/priority_high:")
    asked = _new_fields.four(key, held, kinds)
    beside = st.container()
    return asked | _new_fields.folded(key, actor.main_role) | {"beside": beside}


def _volunteers_fields(actor: Actor, key: str, held: Held) -> dict[str, Any]:
    own = db.read(people.own_contact, actor=actor)
    return _new_fields.volunteers(key, held, own) | {"beside": st.container()}


def _restore(actor: Actor, key: str, held: Held, kinds: Kinds) -> None:
    """Fill in what was left unfinished, once: as soon as the fields are there they speak for themselves."""
    if f"title-{key}" not in st.session_state and (draft := _draft.find(actor, NAME)):
        st.session_state[_new_fields.KEPT.format(key)] = draft.values
        _new_texts.put(key, draft.values, held, kinds)
        st.session_state[_RESTORED.format(key)] = when(draft.at, clock.now())
    if said := st.session_state.get(_RESTORED.format(key)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"已恢复 {said} 没登记完的内容")
            st.button("清空", type="tertiary", key=f"clear-{key}", on_click=_start_anew, args=(actor,))


def _start_anew(actor: Actor) -> None:
    _draft.drop(actor, NAME)
    _new_leaving.retire()
    _form.drop(NAME)


def _paste(key: str, kinds: Kinds) -> None:
    with st.expander("粘贴群消息，自动填写", icon=":material/content_paste:"), st.form(f"paste-{key}", border=False):
        st.text_area("群消息", placeholder="例如 张三：3号楼2单元楼道灯坏了 138…", key=f"message-{key}", height=90)
        st.form_submit_button("填入", on_click=_fill, args=(key, kinds))


def _fill(key: str, kinds: Kinds) -> None:
    """Fill in what this message says and nothing else: what stood there may be another resident's."""
    message = st.session_state[f"message-{key}"]
    found = parse(message)
    texts = {field: found.place if field == "address" else getattr(found, field) for field in _new_texts.TYPED}
    st.session_state.pop(_new_fields.KEPT.format(key), None)
    guesses = {
        "channel": Channel.WECHAT,
        "category": _new_texts.guess(kinds, message),
        "kind": guess_kind(message),
        "grade": guess_grade(message),
    }
    st.session_state.update({f"{field}-{key}": value for field, value in (texts | guesses).items()})
    word = emergency_word(message)
    st.session_state[SAID_WHY.format(key)] = _new_texts.urgent(word) if word else ""
