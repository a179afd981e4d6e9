"""The rows behind a figure as a table: each leads on, with what it adds to a sum or how late it was."""

from collections.abc import Callable, Sequence
from datetime import datetime

from db import stats
from domain.clock import local, now
from domain.kpis import Unit, time_text
from domain.points import hours_text, points_text
from ui.charts import markup
from ui.charts.markup import Cell

# what is summed: the words above the column, and how an amount of it is said
_SAID: dict[Unit, tuple[str, Callable[[int], str]]] = {
    Unit.POINTS: ("积分", points_text),
    Unit.HOURS: ("小时", hours_text),
    Unit.MINUTES: ("用时", time_text),
}
_LATE = ("到期", "办结", "晚了多久")


def table(rows: Sequence[stats.StatRow], unit: Unit, *, late: bool) -> str:
    """List the rows, those of a sum with what each adds to it; a column that nothing stands in is left out."""
    moment = now()
    name, say = _SAID.get(unit, ("", None))
    places = any(row.grid for row in rows)
    lines = [
        [
            Cell(row.no, href=row.link),
            Cell(f"{row.day:%Y-%m-%d}"),
            Cell(row.title),
            *([Cell(row.grid)] if places else []),
            *([Cell(say(row.amount or 0), number=True)] if say else []),
            *(map(Cell, _lateness(row, moment)) if late else []),
        ]
        for row in rows
    ]
    headers = [
        "编号",
        "计入哪天",
        "内容",
        *(["网格"] if places else []),
        *([name] if say else []),
        *(_LATE if late else []),
    ]
    return markup.table_html(headers, lines)


def _lateness(row: stats.StatRow, moment: datetime) -> tuple[str, str, str]:
    """Say when it was due, when it was done, and how much later; what is open still is late until now."""
    card = row.card
    if card is None or card.due_at is None:
        return "—", "—", "—"
    done = card.resolved_at
    hours = max(0, int(((done or moment) - card.due_at).total_seconds() // 3600))
    span = f"{hours} 小时" if hours < 48 else f"{hours // 24} 天"
    return f"{local(card.due_at):%m-%d %H:%M}", f"{local(done):%m-%d %H:%M}" if done else "还没办结", span
