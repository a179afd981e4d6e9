"""Points, hours, people and moments as this page's tables and lists say them."""

from datetime import datetime
from typing import Any

import streamlit as st

from db.points_desk import Found
from db.records import Record
from domain.clock import local
from domain.points import (
    RECORD_KIND_LABELS,
    Account,
    Method,
    hours_text,
    points_text,
)
from ui.text import escape_md

POINTS = st.column_config.NumberColumn(format="%.1f", width=92)
HOURS = st.column_config.NumberColumn(format="%.1f", width=92)
COUNT = st.column_config.NumberColumn(format="%d", width=76)
WHEN = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=140)
_METHODS = {
    Method.TICKET: "工单办结时自动生成",
    Method.ROUND: "巡看时自动生成",
    Method.NOTED: "当天登记",
    Method.BACKFILL: "事后补录",
}


def tenths(value: int) -> float:
    return value / 10


def hours(minutes: int) -> float:
    return minutes * 10 // 60 / 10


def wall(moment: datetime) -> datetime:
    """Give the wall clock of Shanghai, which is what a table shows."""
    return local(moment).replace(tzinfo=None)


def amount(kind: Account, value: int) -> str:
    """Say an amount of an account with its unit."""
    return f"{hours_text(value)} 小时" if kind is Account.HOURS else f"{points_text(value)} 分"


def span(record: Record) -> str:
    """Say when it was done: 11月20日 9:00–10:00."""
    start, end = local(record.started_at), local(record.ended_at)
    day = f"{start.month}月{start.day}日"
    if start == end:
        return day
    last = "" if start.date() == end.date() else f"{end.month}月{end.day}日 "
    return f"{day} {start.hour}:{start:%M}–{last}{end.hour}:{end:%M}"


def method(record: Record) -> str:
    return _METHODS[record.method]


def record_row(record: Record, name: str) -> dict[str, Any]:
    """Say a record in a list; its points once it has been through."""
    points = {} if record.points_tenths is None else {"积分": tenths(record.points_tenths)}
    return {
        "姓名": name,
        "事项": RECORD_KIND_LABELS[record.kind],
        "时间": span(record),
        **points,
        "来历": method(record),
    }


def person(found: Found) -> str:
    """Say somebody so that two of one name can be told apart."""
    has = f"可用 {points_text(found.balance.available)} 分" if found.balance else "还没有积分"
    return escape_md(" · ".join(filter(None, (found.name or "未留姓名", found.phone, has))))
