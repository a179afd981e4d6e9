"""Whole files in and out, as the command line asks for them."""

import gc
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import db
from db import areas, console
from db.exports import Scope
from db.ticket_filters import Filters
from domain.areas import UNSORTED_COMMUNITY, Area
from domain.errors import Invalid, Refused
from domain.imports import Counts
from files.export import write_error_sheet
from files.importer import Progress, Rehearsal, Run, open_file
from files.parse import BadRow, RowProblem
from files.tickets_out import export_tickets, form_of

SHOWN = 20


class Taken(NamedTuple):
    counts: Counts
    error_sheet: Path | None
    problems: list[RowProblem]  # the first ones; the sheet has all
    dry_run: bool = False

    @property
    def report(self) -> str:
        """Say what came of it; the counts are the last line."""
        lines = [f"第 {p.row} 行 {f'{p.column} {p.header}'.strip()}：{p.reason}" for p in self.problems]
        if self.error_sheet:
            lines.append(f"未导入的行和原因在 {self.error_sheet}，改好后可直接再导入。")
        return "\n".join([*lines, ("只检查，没有导入：" if self.dry_run else "") + str(self.counts)])


def typed_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Read what the administrator typed: 留言主题=title."""
    if wrong := [pair for pair in pairs if "=" not in pair.strip("=")]:
        raise Invalid(f"--map 要写成 列名=字段，例如 留言主题=title，而不是 {wrong[0]}。", field="map")
    return {header: field for header, _, field in (pair.rpartition("=") for pair in pairs)}


def import_tickets(
    file: Path,
    *,
    source: str,
    mapping: Mapping[str, str],
    community_code: str | None,
    dry_run: bool,
    now: datetime,
    progress: Progress,
    errors: Path | None = None,
) -> Taken:
    """Take the good rows in and write the bad ones, with their reasons, to a sheet (usually beside the file)."""
    sheet = _error_sheet(file, errors)
    parsed = open_file(file, filename=file.name, source=source, overrides=mapping)
    way = Rehearsal if dry_run else Run
    run = way(parsed, db.read(console.actor), _community(community_code), source, now, progress)
    problems: list[RowProblem] = []
    gc.freeze()  # what is loaded by now stays: looking through it again and again takes a third of a large import
    with tempfile.TemporaryDirectory(prefix=".import-", dir=sheet.absolute().parent) as folder:
        part = Path(folder) / "bad.xlsx"
        rows = _noting(run.bad_rows(), problems)
        bad = write_error_sheet(part, labels=parsed.labels, rows=rows, filename=file.name)
        return Taken(run.counts, part.replace(sheet) if bad else None, problems, dry_run)


def _error_sheet(file: Path, errors: Path | None) -> Path:
    if not file.is_file():
        raise Refused(f"找不到 {file}，请核对路径。")
    sheet = errors or file.with_name(f"{file.stem}-未导入.xlsx")
    if sheet.suffix.lower() != ".xlsx" or not sheet.absolute().parent.is_dir():
        raise Invalid(f"--errors 要写成一个已有文件夹里的 .xlsx 文件，而不是 {sheet}。", field="errors")
    return sheet


def _noting(rows: Iterator[BadRow], problems: list[RowProblem]) -> Iterator[BadRow]:
    for row in rows:
        problems += row.problems[: SHOWN - len(problems)]
        yield row


def _community(code: str | None) -> Area:
    if code is None:
        return db.read(areas.get, UNSORTED_COMMUNITY)
    known = db.read(areas.communities)
    for area in known:
        if area.code == code:
            return area
    told = "、".join(f"{area.code} {area.name}" for area in known if area.code)
    raise Invalid(f"没有编码为“{code}”的社区，可选：{told or '（都还没有编码）'}。", field="community")


def export_all(file: Path, *, with_people: bool, now: datetime) -> int:
    """Write all tickets; an older file of that name is replaced when the new one is whole."""
    form, folder = form_of(file), file.absolute().parent
    if not folder.is_dir():
        raise Refused(f"没有文件夹 {folder}，请先建立它。")
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as name:
        part = Path(name) / "part"
        count = export_tickets(
            part,
            form=form,
            actor=db.read(console.actor),
            filters=Filters(),
            scope=Scope(with_people=with_people, whole_history=True),
            narrowed=(),
            now=now,
        )
        part.replace(file)
        return count
