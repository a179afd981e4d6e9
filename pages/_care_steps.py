"""What one does about an incident: the next step as one button, the others beside it, each with its small form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

import db
from db import incident_steps
from db.care_incident import Sheet
from domain import clock
from domain.access import Actor
from domain.errors import Changed, Invalid, Refused
from domain.incidents import IncidentState
from pages import _care_step_fields as fields
from pages import _form
from pages._care_step_fields import Values


@dataclass(frozen=True)
class Step:
    label: str
    command: Callable[..., Any]
    right: str
    fields: Callable[[str], Values]
    done: str


STEPS = {
    "ack": Step("接单", incident_steps.acknowledge, "incidents.work", fields.eta, "已接单，到时间还没到场会通知下一级"),
    "call": Step("电话结果", incident_steps.called, "incidents.work", fields.called, "已记下电话结果"),
    "on_way": Step("已出发", incident_steps.on_way, "incidents.work", fields.eta, "已记下出发"),
    "arrive": Step("到场", incident_steps.arrive, "incidents.work", fields.nothing, "已记下到场"),
    "note": Step("备注", incident_steps.note, "incidents.work", fields.note, "已备注"),
    "resolve": Step("结案", incident_steps.resolve, "incidents.close", fields.resolve, "已结案，已通知的人会收到消息"),
    "review": Step("复盘", incident_steps.review, "incidents.review", fields.note, "已记下复盘"),
    "reopen": Step("重新打开", incident_steps.reopen, "incidents.review", fields.note, "已重新打开，从头逐级通知"),
}
_ASKED = {
    "reached": "请先选电话接通了没有。",
    "found": "请先选老人怎么样。",
    "method": "请先选是怎么知道的。",
}


def offered(actor: Actor, sheet: Sheet) -> list[str]:
    """List the steps that lead on from here and are this person's, the likeliest first."""
    if sheet.is_over:
        names = ["review", "note", "reopen"]
    elif sheet.incident.acked_by is None:
        names = ["ack", "call", "on_way", "arrive", "note", "resolve"]
    elif sheet.incident.state in (IncidentState.DETECTED, IncidentState.VERIFYING):
        names = ["on_way", "call", "arrive", "note", "resolve", "ack"]
    elif sheet.incident.state is IncidentState.DISPATCHED:
        names = ["arrive", "call", "note", "resolve", "ack"]
    else:
        names = ["resolve", "call", "note", "ack"]
    return [
        name for name in names if STEPS[name].right in sheet.rights and not (name == "ack" and sheet.is_mine(actor))
    ]


def show(actor: Actor, sheet: Sheet) -> None:
    names = offered(actor, sheet)
    held, chosen = st.session_state.get("care-step", (None, None))
    chosen = chosen if held == sheet.incident.id and chosen in names else None
    if chosen is None:
        with st.container(horizontal=True, key="care-steps"):
            for place, name in enumerate(names):
                st.button(
                    STEPS[name].label,
                    type="primary" if place == 0 else "secondary",
                    key=f"step-{name}",
                    on_click=_choose,
                    args=(sheet, name),
                )
        return
    _form_of(actor, sheet, chosen)


def _choose(sheet: Sheet, name: str) -> None:
    st.session_state["care-step"] = (sheet.incident.id, name)
    st.session_state[f"care-seen:{sheet.incident.id}"] = sheet.incident.version


def _form_of(actor: Actor, sheet: Sheet, name: str) -> None:
    step, form = STEPS[name], f"{sheet.incident.id.hex}-{name}"
    key = _form.key(form)
    with st.form(f"care-{key}"):
        values = step.fields(key)
        said = st.container()
        with st.container(horizontal=True):
            sent = st.form_submit_button(f"确定{step.label}", type="primary", key=f"send-{key}")
            st.form_submit_button("先不了", on_click=st.session_state.pop, args=("care-step", None), key=f"drop-{key}")
    if sent:
        with said:
            take(actor, sheet, step, values, form)


def take(actor: Actor, sheet: Sheet, step: Step, values: Values, form: str) -> None:
    """Run the command on the version that the reader saw; a refusal leaves everything typed in place."""
    one, seen = sheet.incident, f"care-seen:{sheet.incident.id}"
    version = st.session_state.get(seen, one.version)
    call: Values = {"actor": actor, "incident_id": one.id, "expected_version": version}
    try:
        for field, wanted in _ASKED.items():
            if field in values and values[field] is None:
                raise Invalid(wanted, field=field)
        db.run(step.command, **call, **values, key=_form.key(form), now=clock.now())
    except Refused as refused:
        if isinstance(refused, Changed):  # it has been read now: the next click counts
            st.session_state[seen] = one.version
        _form.refuse(refused)
        return
    st.session_state.pop("care-step", None)
    _form.done(form, f"{one.no} {step.done}")
    st.rerun()
