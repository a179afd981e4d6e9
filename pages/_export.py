"""导出: what the filters show, as a file; nothing is read before the click."""

import io
import re
from collections.abc import Callable
from datetime import datetime

import streamlit as st

import db
from db import areas, exports, sessions
from db.exports import Scope
from db.ticket_filters import Filters
from domain import access, clock
from domain.access import Actor
from domain.clock import local_date
from domain.errors import NotAllowed
from domain.tickets import COLUMN_LABELS, Column
from files.tickets_out import FORMS, export_tickets
from pages import _session

KIND = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
WORDS = {"xlsx": "Excel", "csv": "CSV"}


def export_button(actor: Actor, filters: Filters, hidden: frozenset[Column] = frozenset()) -> None:
    """Offer the export to those who may; the page's filters and the columns in sight decide what is in it."""
    if actor.read_only or not access.has(actor, "tickets.export"):
        return
    popover = st.popover("导出", icon=":material/download:", key="export-menu", on_change="rerun")
    if not popover.open:  # each run of the board would make what nobody sees
        return
    with popover:
        form = st.segmented_control("格式", FORMS, default="xlsx", required=True, format_func=WORDS.__getitem__)
        whole = st.checkbox("含全部历史", help="不勾选时和看板一样：在办的，和最近 14 天办结的。")
        people = exports.may_see_people(actor) and st.checkbox("包含姓名和电话（会留痕）")
        st.download_button(
            "下载",
            maker(str(form), filters, Scope(with_people=people, whole_history=whole, hidden=hidden)),
            file_name=file_name(actor, str(form), clock.now()),
            mime=KIND[str(form)],
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )


def file_name(actor: Actor, form: str, now: datetime) -> str:
    """Name the file as a person would look for it: 工单_桂花社区_2026-11-20.xlsx."""
    where = re.sub(r"[\\/:*?\"<>|\s]+", "", db.read(areas.heading, actor=actor).rpartition("·")[2])
    return f"工单_{where}_{local_date(now)}.{form}"


def maker(form: str, filters: Filters, scope: Scope) -> Callable[[], bytes]:
    """Make what runs at the click, outside the page: who it is and what they may is asked again then."""
    token = _session.token()

    def make() -> bytes:
        now = clock.now()
        actor = sessions.identify(token, now=now, active=True)
        if actor is None:
            raise NotAllowed("登录已结束，请重新登录。")
        return made(actor, form, filters, scope, now)

    return make


def made(actor: Actor, form: str, filters: Filters, scope: Scope, now: datetime) -> bytes:
    buffer = io.BytesIO()
    words = db.read(exports.in_words, filters=filters)
    if scope.hidden and not scope.whole_history:
        words = [*words, f"不含：{'、'.join(COLUMN_LABELS[column] for column in Column if column in scope.hidden)}"]
    export_tickets(buffer, form=form, actor=actor, filters=filters, scope=scope, narrowed=words, now=now)
    return buffer.getvalue()
