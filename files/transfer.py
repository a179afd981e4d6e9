"""Whole files in and out, as the command line asks for them."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import db
from db import areas, console
from db.board import Filters
from db.exports import Scope
from domain.areas import UNSORTED_COMMUNITY, Area
from domain.errors import Invalid, Refused
from domain.imports import Counts
from files.export import write_error_sheet
from files.importer import Progress, Rehearsal, Run, open_file
from files.tickets_out import export_tickets, form_of


class Taken(NamedTuple):
    counts: Counts
    error_sheet: Path | None


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
