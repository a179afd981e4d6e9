"""The wall's HTML, for the document and for the push: every word is escaped here."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from html import escape

from domain.clock import local
from domain.wall import Alarm, Bar, Line, Tile, Wall

_BESIDE = 99  # counts up to here have room side by side
_TURNS = 9  # alarms shown in turn: more than that nobody waits for


def html(wall: Wall) -> str:
    """Render all that changes; what does not fit a screen is not on it."""
    panels = (
        ("工单", f'<div class="cols">{_days(wall.days)}{_list("已超时最久的", wall.late, "现在没有超时的工单")}</div>'),
        ("最近", f'<div class="cols">{_days(wall.days)}{_list("刚刚", wall.recent, "今天还没有新动态")}</div>'),
        (
            "网格",
            _three(
                (f"本月各{wall.below}按期办结率，低的在前", wall.grids),
                ("本月哪类最多", wall.categories),
                ("在办多久了", wall.ages),
            ),
        ),
        ("守望", _three(("今天的平安守望与本月探访", wall.checks), (f"本月各{wall.below}服务时长", wall.hours))),
    )
    shown = "".join(f'<section data-panel="{name}" aria-label="{name}">{body}</section>' for name, body in panels)
    tiles = "".join(map(_tile, wall.tiles))
    return f'<h1>{escape(wall.title)}</h1>{_alarm(wall.alarms, wall.at)}<ul class="tiles">{tiles}</ul>{shown}'


def _tile(tile: Tile) -> str:
    note = f" <i>{escape(tile.note)}</i>" if tile.note else ""
    figure = f'<b style="--n:{len(tile.text)}">{escape(tile.text)}</b>'  # the longer, the smaller
    return (
        f'<li class="tile {escape(tile.tone)}" data-code="{escape(tile.code)}">'
        f"{figure}<span>{escape(tile.name)}{note}</span></li>"
    )


def _alarm(alarms: Sequence[Alarm], now: datetime) -> str:
    if not alarms:
        return ""
    rows = "".join(_one_alarm(n, one, now) for n, one in enumerate(alarms[:_TURNS]))
    return f'<div class="alarm" role="alert"><b>预警 {len(alarms)}</b><ol>{rows}</ol></div>'


def _one_alarm(n: int, alarm: Alarm, now: datetime) -> str:
    """Say one of them; the page shows them in turn, the gravest first."""
    minutes = max(0, int((now - alarm.opened_at).total_seconds() // 60))
    since = f"已 {minutes} 分钟" if 0 < minutes < 120 else f"已 {minutes // 60} 小时" if minutes else "刚刚"
    words = f"{escape(alarm.no)} · {escape(alarm.place)} · {escape(alarm.cause)}"
    shown = ' class="on"' if n == 0 else ""
    return f"<li{shown}><span>{words}</span><strong>{escape(alarm.state)}</strong><time>{since}</time></li>"


def _list(title: str, lines: Sequence[Line], empty: str) -> str:
    rows = "".join(
        f'<li class="{escape(line.tone)}"><em>{escape(line.tag)}</em><span>{escape(line.words)}</span>'
        f"<time>{escape(line.when)}</time></li>"
        for line in lines
    )
    body = f'<ul class="list">{rows}</ul>' if rows else f'<p class="none">{escape(empty)}</p>'
    return f'<div class="box"><h2>{escape(title)}</h2>{body}</div>'


def _three(*boxes: tuple[str, Iterable[Bar]]) -> str:
    return f'<div class="thirds n{len(boxes)}">{"".join(_bars(title, tuple(bars)) for title, bars in boxes)}</div>'


def _bars(title: str, bars: Sequence[Bar]) -> str:
    rows = "".join(
        f'<li class="{escape(bar.tone)}"><span>{escape(bar.name)}</span><b>{escape(bar.text)}</b>'
        f'<u><s style="width:{max(0.0, min(1.0, bar.value)) * 100:.1f}%"></s></u></li>'
        for bar in bars
    )
    body = f'<ul class="bars">{rows}</ul>' if rows else '<p class="none">还没有数据</p>'
    return f'<div class="box"><h2>{escape(title)}</h2>{body}</div>'


def _days(days: Sequence[tuple[date, int, int]]) -> str:
    """Draw two columns a day from zero; the last is not over, and paler."""
    top = max((max(came, done) for _, came, done in days), default=0) or 1
    parts = "".join(_day(day, came, done, top, day == days[-1][0]) for day, came, done in days)
    words = f"近 {len(days)} 天 上报与办结（件）"
    key = '<span class="key"><i class="in"></i>上报<i class="out"></i>办结</span>'
    big = " big" if top > _BESIDE else ""
    return f'<div class="box days{big}"><h2>{words}{key}</h2><ol>{parts}</ol></div>'


def _day(day: date, came: int, done: int, top: int, last: bool) -> str:
    """Draw a day; two numbers of three digits have no room side by side and stand above the higher column."""
    above = top > _BESIDE

    def column(kind: str, count: int) -> str:
        return f'<i class="{kind}" style="height:{count / top * 100:.1f}%">{"" if above else f"<b>{count}</b>"}</i>'

    name = "今天" if last else f"{day.month}/{day.day}" if day.day == 1 else str(day.day)
    state = ' class="today"' if last else ""
    both = f'<p style="bottom:{max(came, done) / top * 100:.1f}%"><b>{came:,}</b><b>{done:,}</b></p>' if above else ""
    return f"<li{state}><div>{column('in', came)}{column('out', done)}{both}</div><span>{name}</span></li>"


def as_of(at: datetime) -> str:
    return f"{local(at):%H:%M:%S}"
