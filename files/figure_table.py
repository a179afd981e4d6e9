"""The numbers of a figure as XLSX: what it is of stands on a sheet beside them."""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.clock import local
from files.export import write_xlsx


def figure_xlsx(rows: Sequence[Mapping[str, object]], *, title: str, about: Sequence[str], now: datetime) -> bytes:
    headers = list(rows[0]) if rows else ["没有数据"]
    columns = [(name, max(10.0, 2.2 * len(name) + 4)) for name in headers]
    note = "\n".join((f"邻里一屏 {title}", *about, f"导出时间：{local(now):%Y-%m-%d %H:%M:%S}（北京时间）"))
    buffer = io.BytesIO()
    write_xlsx(buffer, columns=columns, rows=(list(row.values()) for row in rows), title_note=note, sheet_name="数据")
    return buffer.getvalue()
