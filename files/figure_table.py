"""The numbers of a figure as XLSX: what it is of stands on a sheet beside them."""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.clock import local
from domain.kpis import EMPTY
from files.export import write_xlsx

_NUMBER = re.compile(r"-?[\d,]+(\.\d+)?%?")


def figure_xlsx(rows: Sequence[Mapping[str, object]], *, title: str, about: Sequence[str], now: datetime) -> bytes:
    headers = [_header(name, rows) for name in rows[0]] if rows else ["没有数据"]
    columns = [(name, max(10.0, 2.2 * len(name) + 4)) for name in headers]
    note = "\n".join((f"邻里一屏 {title}", *about, f"导出时间：{local(now):%Y-%m-%d %H:%M:%S}（北京时间）"))
    buffer = io.BytesIO()
    numbers = (list(map(_number, row.values())) for row in rows)
    write_xlsx(buffer, columns=columns, rows=numbers, title_note=note, sheet_name="数据")
    return buffer.getvalue()


def _header(name: str, rows: Sequence[Mapping[str, object]]) -> str:
    return f"{name}（%）" if any(str(row[name]).endswith("%") for row in rows) else name


def _number(value: object) -> object:
    """Make a number of what the page says as one, so that a sheet can go on with it; nothing of what has none."""
    if value == EMPTY:
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value.rstrip("%").replace(",", ""))
    return value
