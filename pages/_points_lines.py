"""明细: an account's lines with the balance after each, page by page; a chosen one says where it came from."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import points_desk, statements
from db.points import PAGE, Balance
from db.points_desk import Source
from db.statements import Statement, StatementLine
from domain.access import Actor
from domain.points import ACCOUNT_LABELS, POSTING_LABELS, Account
from pages import _points_pages, _points_words
from pages import _settings_table as table
from ui.slip import on_paper

LINE = "points_line"


def show(who: Actor, held: Balance, kind: Account) -> None:
    pages = _points_pages.of(f"lines {held.person_id} {kind}")
    call: dict[str, Any] = {"actor": who, "person_id": held.person_id, "account": kind}
    page = db.read(statements.statement, **call, before=pages.after, limit=PAGE)
    if not page.lines:
        st.info(f"“{ACCOUNT_LABELS[kind]}”还没有一笔记录。", icon=":material/info:")
        return
    told = db.read(points_desk.sources, lines=page.lines)
    st.markdown(f"**期末结余 {_points_words.amount(kind, page.closing)}**")
    _lines(page, told)
    st.markdown(f"**期初结余 {_points_words.amount(kind, page.opening)}**")
    last = page.lines[-1]
    pages.buttons(last.version if last.version > 1 else None)
    st.caption(f"账链到第 {page.head_seq} 笔，校验码 {page.head_hash[:16]}，可与每日存证比对。")


def _lines(page: Statement, told: dict[UUID, Source]) -> None:
    unit = _points_words.HOURS if page.account is Account.HOURS else _points_words.POINTS
    say = _points_words.hours if page.account is Account.HOURS else _points_words.tenths
    rows = [
        {
            "时间": _points_words.wall(line.at),
            "摘要": POSTING_LABELS[line.kind],
            "增减": say(line.amount) if line.amount > 0 else -say(-line.amount),
            "结余": say(line.balance) if line.balance >= 0 else -say(-line.balance),
            "来源": source_words(line, told),
        }
        for line in page.lines
    ]
    columns = {"时间": _points_words.WHEN, "增减": unit, "结余": unit, "来源": st.column_config.Column(width=300)}
    seqs = [UUID(int=line.version) for line in page.lines]
    left, right = st.columns([5, 2], gap="medium")
    with left:
        table.show(rows, seqs, LINE, empty="", alt="账户明细，选中一行看来历", columns=columns)
    chosen = next((line for line in page.lines if UUID(int=line.version) == st.session_state.get(LINE)), None)
    with right:
        if chosen:
            _line(chosen, page.account, told)
        else:
            st.caption("选中一行看这一笔的来历。")


def source_words(line: StatementLine, told: dict[UUID, Source]) -> str:
    source = told.get(line.source_id)
    return line.why or (source.words if source else "系统自动处理")


def _line(line: StatementLine, kind: Account, told: dict[UUID, Source]) -> None:
    """Say one line in full, and lead to what it came from."""
    source = told.get(line.source_id)
    said = source_words(line, told)
    from_ = f" · {source.words}" if source and source.words != said else ""
    with st.container(border=True):
        st.markdown(f"**{POSTING_LABELS[line.kind]} {_points_words.amount(kind, line.amount)}**")
        st.text(said)
        rule = f" · 按规则第 {line.rule_version} 版" if line.rule_version else ""
        st.caption(f"第 {line.seq} 笔 · 记账 {on_paper(line.at)}{rule}{from_}")
        if source and source.ticket_id:
            link = {"ticket": str(source.ticket_id)}
            st.page_link("tickets.py", label="打开工单", icon=":material/open_in_new:", query_params=link)
