"""Writing tables: XLSX and CSV in constant memory, with nothing in them that a spreadsheet would run."""

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from domain.clock import LOCAL
from files.csvfile import guarded
from files.mapping import ERROR_COLUMNS
from files.parse import BadRow

Target = str | os.PathLike[str] | BinaryIO
Columns = Sequence[tuple[str, float]]  # header, width in characters
CELL_MAX = 32_767  # Excel's; longer text would be left out without a word
CUT = "……（内容超长，已截断）"
MOMENT, DAY = "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"


def write_xlsx(
    target: Target,
    *,
    columns: Columns,
    rows: Iterable[Sequence[object]],
    title_note: str,
    sheet_name: str = "数据",
) -> int:
    """Write the rows and a sheet 说明 (title_note's lines, then the count); give back how many rows."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(_plain(target), options) as book:
        moment, day = (book.add_format({"num_format": form}) for form in (MOMENT, DAY))
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(sheet_name)
        _head(sheet, columns, book.add_format({"bold": True, "bg_color": "#E8EEF7", "bottom": 1}))
        count = 0
        for count, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                _write(sheet, count, place, value, moment, day)
        sheet.autofilter(0, 0, count, max(len(columns) - 1, 0))
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 80)
        for line, text in enumerate([*title_note.splitlines(), f"共 {count} 行"]):
            notes.write_string(line, 0, text, wrapped)
    return count


def _plain(target: Target) -> str | BinaryIO:
    return os.fspath(target) if isinstance(target, str | os.PathLike) else target


def _head(sheet: Worksheet, columns: Columns, bold: Format) -> None:
    sheet.freeze_panes(1, 0)
    for place, (header, width) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, header, bold)


def _write(sheet: Worksheet, row: int, column: int, value: object, moment: Format, day: Format) -> None:
    match value:
        case None | "":
            return
        case bool():
            sheet.write_string(row, column, "是" if value else "否")
        case int() | float():
            sheet.write_number(row, column, value)
        case datetime():
            sheet.write_datetime(row, column, _wall(value), moment)
        case date():
            sheet.write_datetime(row, column, value, day)
        case _:
            text = str(value)
            # written as a string a cell never runs, whatever it starts with
            cut = text if len(text) <= CELL_MAX else text[: CELL_MAX - len(CUT)] + CUT
            sheet.write_string(row, column, cut)


def _wall(value: datetime) -> datetime:
    """Show the wall clock of Shanghai; spreadsheets know no zones."""
    local = value.astimezone(LOCAL) if value.tzinfo else value
    return local.replace(tzinfo=None, microsecond=0)


def write_csv(target: Target, *, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write UTF-8 with BOM, so that Excel reads Chinese; give back how many rows."""
    count = 0
    with _text(target) as text:
        writer = csv.writer(text)
        writer.writerow([guarded(header) for header in headers])
        for row in rows:
            writer.writerow([_csv_cell(value) for value in row])
            count += 1
    return count


@contextlib.contextmanager
def _text(target: Target) -> Iterator[io.TextIOWrapper]:
    if isinstance(target, str | os.PathLike):
        with Path(target).open("w", encoding="utf-8-sig", newline="") as text:
            yield text
        return
    wrapper = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
    yield wrapper
    wrapper.detach()  # flushed, and left open: the buffer is the caller's


def _csv_cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case int() | float():
            return value
        case datetime():
            return f"{_wall(value):%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
    return guarded(str(value))


def write_error_sheet(target: Target, *, labels: Sequence[str], rows: Iterable[BadRow], filename: str) -> int:
    """Write the refused rows with their original cells: corrected there, it is imported again as it is."""
    own = [place for place, label in enumerate(labels) if label and label not in ERROR_COLUMNS]
    columns = [("行号", 10), ("列", 18), ("原值", 24), ("原因", 48), *((labels[place], 20) for place in own)]
    note = f"「{filename}」中未导入的行\n请在第 5 列起的原始内容中改正，保存后重新导入本文件；前四列不会导入。"
    lines = (_error_line(row, own) for row in rows)
    return write_xlsx(target, columns=columns, rows=lines, title_note=note, sheet_name="未导入")


def _error_line(row: BadRow, own: Sequence[int]) -> list[object]:
    problems = row.problems
    where = f"{row.sheet} {row.row}"
    return [
        where,
        "\n".join(f"{p.column} {p.header}".strip() for p in problems),
        "\n".join(p.value_shown for p in problems),
        "\n".join(p.reason for p in problems),
        *(row.cells[place] if place < len(row.cells) else "" for place in own),
    ]
