"""平安守望: today at a glance, the register, who looks, visits, the shift, who is told, devices; one part at a time."""

import streamlit as st

import db
from db import rules
from domain.access import has
from domain.care_board import TODAY
from pages import (
    _care_elder,
    _care_here,
    _care_incident,
    _care_pairs,
    _care_register,
    _care_report,
    _care_shift,
    _care_today,
    _care_unmade,
    _care_visits,
    _form,
    _lost_messages,
    _settings_devices,
    _settings_form,
    _settings_ladders,
    _worker_banner,
)
from pages._session import require
from ui import theme

# part → what shows it, and whom
PARTS = {
    "名册": (_care_register.show, "checkins.read"),
    "结对": (_care_pairs.show, "checkins.read"),
    "探访": (_care_visits.show, "checkins.read"),
    "交接班": (_care_shift.show, "incidents.notes"),
    "逐级通知": (_settings_ladders.show, "incidents.ladder"),
    "设备": (_settings_devices.show, "care.plan"),
}


def _leave_elder() -> None:
    st.query_params.pop("elder", None)


actor = require("checkins.read")
theme.style()
_form.tell()
project = db.read(rules.get, "care.name")
with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="care-head"):
    st.subheader(project or "平安守望", anchor=False, width="content")
    part = st.segmented_control(
        "分区",
        [TODAY, *(name for name, (_, right) in PARTS.items() if has(actor, right))],
        default=TODAY,
        required=True,
        key="part",
        bind="query-params",
        on_change=_leave_elder,
        label_visibility="collapsed",
        wrap=True,
    )
_settings_form.settle(f"care {part} {st.query_params.get('elder', '')}")
with st.container(key="care-told"):  # a banner that goes moves no tile: moved, they would be drawn beside the old ones
    _worker_banner.show(actor, lost=not has(actor, "messages.lost"))
    _lost_messages.beside(actor)
    _care_unmade.show(actor)
    if part == TODAY and "elder" not in st.query_params:
        _care_visits.reminder(actor)
if "elder" in st.query_params:
    _care_elder.show(actor)
elif part == TODAY:
    _care_today.live_tiles()
else:
    PARTS[str(part)][0](actor, _care_here.community(actor))
# a dialog opened inside the fragment would die on its next tick
if "incident" in st.query_params:
    _care_incident.show()
elif "desk" in st.query_params:
    _care_report.show()
