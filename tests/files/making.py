"""Files with the faults of real ones, made here: no real person's words in any of them."""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

import xlsxwriter
import xlwt

HEADER = ("留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "答复意见", "答复时间")
STAMP = "yyyy/m/d h:mm:ss"


def wall(*parts: int) -> datetime:
    """A wall-clock moment, as a cell holds it."""
    return datetime(*parts)  # noqa: DTZ001


RECORDS = (
    (
        2549.0,
        "U0001",
        "幸福苑3栋楼道灯\t不亮",
        "2019/4/25 9:32:09",
        "\n\t\t\t\t\u3000\u3000您好！楼道灯坏了一周。\n\t\t\t\t老人上下楼不便。\xa0\n",
        "\u3000已更换灯泡。",
        "2019/5/10 14:56:53",
    ),
    (
        2554.0,
        "U0002",
        "小区门口\n积水",
        wall(2019, 4, 8, 8, 37, 20),
        "\t下雨就积水，\r\n\r\n\r\n\r\n出行困难。",
        "已疏通下水道。",
        wall(2019, 5, 9, 9, 49, 10),
    ),
    (
        2555.0,
        "U0003",
        "\u3000垃圾桶太少\u3000",
        "2019-04-24 15:40:04.0",
        "垃圾桶太少。",
        "已增设。",
        "2019年5月9日 9时49分14秒",
    ),
)


def csv_bytes(rows: Iterable[Sequence[object]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx(
    *sheets: Sequence[Sequence[object]],
    merges: Sequence[tuple[int, int, int, int]] = (),
    hidden: Sequence[int] = (),
) -> bytes:
    """Write each list of rows as a sheet (表1, 表2, …); `merges` apply to the first, its top-left value kept."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": STAMP}) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet(f"表{number + 1}")
            if number in hidden:
                sheet.hide()
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    if value not in (None, ""):
                        sheet.write(r, c, value)
            for r1, c1, r2, c2 in merges if number == 0 else ():
                sheet.merge_range(r1, c1, r2, c2, rows[r1][c1])
    return buffer.getvalue()


def xls(rows: Sequence[Sequence[object]]) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # xlwt is old, and only a maker of old files here
        book = xlwt.Workbook()
        sheet = book.add_sheet("表1")
        style = xlwt.easyxf(num_format_str=STAMP)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                sheet.write(r, c, value, style) if isinstance(value, datetime) else sheet.write(r, c, value)
        buffer = io.BytesIO()
        book.save(buffer)
    return buffer.getvalue()


def repacked(data: bytes, changes: dict[str, bytes]) -> bytes:
    """Replace parts of an XLSX by others, packed."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        parts = {name: old.read(name) for name in old.namelist()} | changes
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return buffer.getvalue()


SHEET1 = "xl/worksheets/sheet1.xml"


def sheet1(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(SHEET1)
