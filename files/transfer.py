"""Whole files in and out, as the command line asks for them."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import db
from db import areas, console, exports
from db.board import Filters
from db.exports import Scope
from domain.areas import UNSORTED_COMMUNITY, Area
from domain.clock import local
from domain.errors import Invalid, Refused
from domain.imports import Counts
from files.export import write_csv, write_error_sheet, write_xlsx
from files.importer import Progress, Rehearsal, Run, open_file


class Taken(NamedTuple):
    counts: Counts
    error_sheet: Path | None


def import_tickets(
    file: Path,
    *,
    source: str,
    mapping: Mapping[str, str],
    community_code: str | None,
    dry_run: bool,
    now: datetime,
    progress: Progress,
) -> Taken:
    """Take the good rows in and write the bad ones, with their reasons, to a sheet beside the file."""
    if not file.is_file():
        raise Refused(f"找不到 {file}，请核对路径。")
    parsed = open_file(file, filename=file.name, source=source, overrides=mapping)
    way = Rehearsal if dry_run else Run
    run = way(parsed, db.read(console.actor), _community(community_code), source, now, progress)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=file.absolute().parent) as folder:
        part = Path(folder) / "bad.xlsx"
        bad = write_error_sheet(part, labels=parsed.labels, rows=run.bad_rows(), filename=file.name)
        sheet = file.with_name(f"{file.stem}-未导入.xlsx")
        return Taken(run.counts, part.replace(sheet) if bad else None)


def _community(code: str | None) -> Area:
    if code is None:
        return db.read(areas.get, UNSORTED_COMMUNITY)
    known = db.read(areas.communities)
    for area in known:
        if area.code == code:
            return area
    told = "、".join(f"{area.code} {area.name}" for area in known if area.code)
    raise Invalid(f"没有编码为“{code}”的社区，可选：{told or '（都还没有编码）'}。", field="community")


def export_tickets(file: Path, *, with_people: bool, now: datetime) -> int:
    """Write all tickets; an older file of that name is replaced when the new one is whole."""
    if file.suffix.lower() not in (".xlsx", ".csv"):
        raise Refused("文件名请以 .xlsx 或 .csv 结尾。")
    if not file.absolute().parent.is_dir():
        raise Refused(f"没有文件夹 {file.absolute().parent}，请先建立它。")
    with tempfile.TemporaryDirectory(prefix=".export-", dir=file.absolute().parent) as folder:
        part = Path(folder) / "part"

        def sink(columns: Sequence[tuple[str, float]], rows: Iterator[Sequence[object]]) -> int:
            if file.suffix.lower() == ".csv":
                return write_csv(part, headers=[header for header, _ in columns], rows=rows)
            note = f"全部工单\n导出时间 {local(now):%Y-%m-%d %H:%M}（命令行）"
            return write_xlsx(part, columns=columns, rows=rows, title_note=note, sheet_name="工单")

        actor, scope = db.read(console.actor), Scope(with_people=with_people, whole_history=True)
        count = db.read(exports.export, actor=actor, filters=Filters(), scope=scope, now=now, sink=sink)
        db.run(exports.record, actor=actor, scope=scope, count=count, now=now)
        part.replace(file)
        return count
