"""Opening a table that somebody made: its type by content, not by name; refused before it can hurt."""

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO

import python_calamine as calamine

from domain.errors import Refused
from files import csvfile, workbook, xls

Cell = str | float | int | bool | datetime | date | time | timedelta
Source = str | os.PathLike[str] | bytes
MB = 1024 * 1024
MAX_WORKBOOK_BYTES = 60 * MB  # parsed in memory, some 2.5 kB a row of text
MAX_CSV_BYTES = 300 * MB  # streamed
MAX_COLUMNS = 200

KNOWN = (
    (b"MZ", "这是 Windows 程序，不是表格，未导入。"),
    (b"%PDF", "这是 PDF 文件，请从原系统导出 Excel 或 CSV 后再导入。"),
    (b"\x7fELF", "这是程序文件，不是表格，未导入。"),
    (b"\x89PNG", "这是图片，不是表格，请选择 Excel 或 CSV 文件。"),
    (b"\xff\xd8\xff", "这是图片，不是表格，请选择 Excel 或 CSV 文件。"),
    (b"GIF8", "这是图片，不是表格，请选择 Excel 或 CSV 文件。"),
    (b"Rar!", "这是压缩包，请先解压，再选择其中的表格。"),
    (b"7z\xbc\xaf", "这是压缩包，请先解压，再选择其中的表格。"),
    (b"\x1f\x8b", "这是压缩包，请先解压，再选择其中的表格。"),
)
MARKUP = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|meta|table|style|\?xml)", re.I)


@dataclass(frozen=True)
class Sheet:
    """One table: `rows` may be iterated again and again, from Excel's row 1 and column A on."""

    name: str
    read: Callable[[], Iterator[tuple[Cell, ...]]] = field(repr=False)
    height: int  # for a CSV the number of lines, which is at least the number of rows
    width: int
    merged: tuple[tuple[int, int, int, int], ...] = ()  # first row and column, last ones; from 0
    broken: dict[tuple[int, int], str] = field(default_factory=dict, repr=False)  # (row, column) → why
    delimited: bool = False
    hidden: bool = False

    @property
    def rows(self) -> Iterable[tuple[Cell, ...]]:
        return self.read()


def open_table(source: Source, *, filename: str) -> list[Sheet]:
    """Open XLSX, XLS or CSV; a CSV is streamed, a workbook's cells are held in memory by calamine."""
    head, size = _head(source)
    if not head.strip(b"\x00 \t\r\n"):
        raise Refused(f"「{filename}」是空文件，请选择有数据的表格。")
    for magic, sentence in KNOWN:
        if head.startswith(magic):
            raise Refused(f"「{filename}」：{sentence}")
    if head.startswith((b"PK\x03\x04", xls.MAGIC)):
        _check_size(size, MAX_WORKBOOK_BYTES, filename)
        return _workbook(source, head, filename)
    if MARKUP.match(head):
        raise Refused(f"「{filename}」是网页或 XML 格式的表格，请用 Excel 打开后另存为 .xlsx 再导入。")
    _check_size(size, MAX_CSV_BYTES, filename)
    return [_delimited(source, filename)]


def _head(source: Source) -> tuple[bytes, int]:
    with opened(source) as stream:
        head = stream.read(4096)
        return head, stream.seek(0, io.SEEK_END)


def opened(source: Source) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def _check_size(size: int, limit: int, filename: str) -> None:
    if size > limit:
        raise Refused(f"「{filename}」有 {size // MB} MB，超过 {limit // MB} MB，请拆成几个文件分次导入。")


def check_width(width: int, where: str) -> None:
    if width > MAX_COLUMNS:
        raise Refused(f"{where}有 {width} 列，最多 {MAX_COLUMNS} 列，请删去多余的列（包括右侧看不见的）。")


def _workbook(source: Source, head: bytes, filename: str) -> list[Sheet]:
    with opened(source) as stream:
        if head.startswith(b"PK"):
            scans = workbook.scan(stream, filename)
        else:
            xls.check(stream, filename)
            scans = {}
    for name, scan in scans.items():
        check_width(scan.width, f"工作表「{name}」")
    book = _calamine(source, filename)
    return [_sheet(book, meta, scans, filename) for meta in book.sheets_metadata if _holds_cells(meta)]


def _holds_cells(meta: calamine.SheetMetadata) -> bool:
    return meta.typ == calamine.SheetTypeEnum.WorkSheet


@contextlib.contextmanager
def _reading(filename: str) -> Iterator[None]:
    try:
        yield
    except (calamine.CalamineError, ValueError, OSError) as error:
        raise workbook.corrupt(filename) from error
    except BaseException as error:
        # a parser written in Rust panics with a BaseException of its own
        if type(error).__name__ != "PanicException":
            raise
        raise workbook.corrupt(filename) from error


def _calamine(source: Source, filename: str) -> calamine.CalamineWorkbook:
    with _reading(filename):
        if isinstance(source, bytes):
            return calamine.CalamineWorkbook.from_filelike(io.BytesIO(source))
        return calamine.CalamineWorkbook.from_path(source)


def _sheet(
    book: calamine.CalamineWorkbook,
    meta: calamine.SheetMetadata,
    scans: dict[str, workbook.Scan],
    filename: str,
) -> Sheet:
    with _reading(filename):
        cells = book.get_sheet_by_name(meta.name)
        merged = tuple((*first, *last) for first, last in cells.merged_cell_ranges or ())
    last_row, last_column = cells.end or (-1, -1)
    check_width(last_column + 1, f"工作表「{meta.name}」")
    scan = scans.get(meta.name)
    return Sheet(
        name=meta.name,
        read=lambda: _padded(cells),
        height=last_row + 1,
        width=last_column + 1,
        merged=merged,
        broken=scan.broken if scan else {},
        hidden=meta.visible != calamine.SheetVisibleEnum.Visible,
    )


def _padded(cells: calamine.CalamineSheet) -> Iterator[tuple[Cell, ...]]:
    """Give back the empty columns on the left, which calamine leaves out (it keeps the rows above)."""
    left = ("",) * (cells.start[1] if cells.start else 0)
    for row in cells.iter_rows():
        yield (*left, *row)


def _delimited(source: Source, filename: str) -> Sheet:
    with opened(source) as stream:
        form = csvfile.sniff(stream, filename)

    def read() -> Iterator[tuple[Cell, ...]]:
        with opened(source) as stream:
            yield from csvfile.rows(stream, form, filename)

    width = max((len(row) for row, _ in zip(read(), range(50), strict=False)), default=0)
    check_width(width, f"「{filename}」")
    return Sheet(filename, read, height=form.lines, width=width, delimited=True)
