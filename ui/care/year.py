"""A year of an elder's looks as one figure: a square a day, weeks across, the worst look of the day its colour."""

from collections.abc import Mapping
from datetime import date, timedelta

from domain.care import Slot, WindowState

_DAY = timedelta(days=1)
# the worst of a day goes first
_ORDER = (
    ((WindowState.CONFIRMED_EVENT,), "event", "确有情况"),
    ((WindowState.SEEN_CLOSED, WindowState.ALARM), "bad", "预警"),
    ((WindowState.UNCHECKED, WindowState.UNCLEAR), "soon", "超时未查看、看不清"),
    ((WindowState.CLEARED_LATE,), "late", "迟到平安"),
    ((WindowState.SEEN_OK,), "ok", "平安"),  # who was seen and then left was seen that day
    ((WindowState.EXCUSED,), "away", "外出（已告知）"),
    ((WindowState.OPEN, WindowState.SCHEDULED), "wait", "待查看"),
)


def kind_of(states: Mapping[Slot, WindowState]) -> tuple[str, str]:
    """Give colour and word of a day."""
    held = set(states.values())
    return next(((kind, word) for wanted, kind, word in _ORDER if held & set(wanted)), ("none", "没有安排"))


def year_html(days: Mapping[date, Mapping[Slot, WindowState]], today: date) -> str:
    """Render the year that ends today, Mondays on top."""
    first = today - timedelta(days=364)
    start = first - _DAY * first.weekday()
    cells, months, counts, day = [], [], dict[str, int](), start
    while day <= today:
        kind, word = kind_of(days.get(day, {})) if day >= first else ("pad", "")
        if kind not in ("pad", "none"):
            counts[word] = counts.get(word, 0) + 1
        cells.append(
            f'<i class="{kind}" title="{day.month}月{day.day}日 {word}"></i>' if word else '<i class="pad"></i>'
        )
        if day.day == 1 and day >= first:
            months.append(f'<span style="grid-column:{(day - start).days // 7 + 1}">{day.month}月</span>')
        day += _DAY
    told = "，".join(f"{word} {count} 天" for word, count in counts.items())
    key = "".join(
        f'<span><i class="{kind}"></i>{word} {counts[word]}</span>' for _, kind, word in _ORDER if word in counts
    )
    return (
        f'<div class="linli-year" role="img" aria-label="近一年：{told or "还没有记录"}">'
        f'<div class="months">{"".join(months)}</div><div class="cells">{"".join(cells)}</div></div>'
        f'<div class="linli-year-key">{key or "<span>还没有记录</span>"}</div>'
    )
