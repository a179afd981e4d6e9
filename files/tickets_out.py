"""Tickets into a file: the rows in one read, the file, then the record of it."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import db
from db import exports
from db.exports import Scope
from db.ticket_filters import Filters
from domain.access import ROLE_LABELS, Actor
from domain.clock import local
from domain.errors import Invalid
from files.export import Columns, Target, write_csv, write_xlsx

FORMS = ("xlsx", "csv")


def form_of(path: str | os.PathLike[str]) -> str:
    """Tell by its name what kind of file is wanted."""
    form = Path(path).suffix.lower().lstrip(".")
    if form not in FORMS:
        raise Invalid("文件名请以 .xlsx 或 .csv 结尾。", field="file")
    return form


def export_tickets(
    target: Target, *, form: str, actor: Actor, filters: Filters, scope: Scope, narrowed: Sequence[str], now: datetime
) -> int:
    """Write what the filters show and put it on record; `narrowed` says the filters in words. Gives the count."""
    note = "\n".join(_notes(actor, scope, narrowed, now))

    def sink(columns: Columns, rows: Iterator[Sequence[object]]) -> int:
        if form == "csv":
            return write_csv(target, headers=[header for header, _ in columns], rows=rows)
        return write_xlsx(target, columns=columns, rows=rows, title_note=note, sheet_name="工单")

    count = db.read(exports.export, actor=actor, filters=filters, scope=scope, now=now, sink=sink)
    db.run(exports.record, actor=actor, scope=scope, count=count, now=now)
    return count


def _notes(actor: Actor, scope: Scope, narrowed: Sequence[str], now: datetime) -> list[str]:
    role = ROLE_LABELS[actor.main_role] if actor.main_role else ""
    whole = "含全部历史" if scope.whole_history else "在办的，和最近 14 天办结的"
    return [
        "邻里一屏 工单导出",
        f"导出时间：{local(now):%Y-%m-%d %H:%M:%S}（北京时间）",
        f"导出人：{actor.name} {role}".rstrip(),
        f"筛选条件：{'；'.join(narrowed) or '无，导出权限内全部'}",
        f"范围：{whole if scope.only is None else f'看板上选中的 {len(scope.only)} 件'}",
        f"姓名和电话：{'完整，请妥善保管，用后删除' if scope.with_people else '已遮盖'}",
    ]
