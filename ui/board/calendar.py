"""The calendar as HTML: a month or a week of days with what is due, and one day's tickets."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from html import escape

from domain.board import Calendar, DayCount
from domain.clock import local_date
from domain.views import View, days_of, next_month
from ui.board.markup import cards_html, chip, left_out

_DAY = timedelta(days=1)
_WEEKDAYS = "一二三四五六日"


def calendar_html(held: Calendar, view: View) -> str:
    """Render it with the chosen day's tickets; every word from outside is escaped by the cards."""
    week, today = view.week, local_date(held.at)
    days = days_of(held.day, week=week)
    names = "".join(f"<span>周{name}</span>" for name in _WEEKDAYS)
    cells = "".join(_cell(day, held, today, number, week=week) for number, day in enumerate(days))
    names = f'<div class="names" aria-hidden="true">{names}</div>'
    return (
        f'<div class="cal {"week" if week else "month"} {left_out(view.fields)}">'
        f"{_head(held.day, days, today, week=week)}{names}"
        f'<div class="days">{cells}</div>{_chosen(held, days.index(held.day))}</div>'
    )


def _head(day: date, days: Sequence[date], today: date, *, week: bool) -> str:
    before, after = (days[0] - _DAY, days[-1] + _DAY) if week else (day.replace(day=1) - _DAY, next_month(day))
    before = before if week else before.replace(day=1)
    span, unit = (_span(days), "周") if week else (f"{day.year}年{day.month}月", "月")
    buttons = (
        (f"day:{before}", f"上一{unit}", f"‹ 上{unit}"),
        (f"day:{today}", "回到今天", "今天"),
        (f"day:{after}", f"下一{unit}", f"下{unit} ›"),
    )
    moves = "".join(f'<button data-pick="{pick}" aria-label="{said}">{word}</button>' for pick, said, word in buttons)
    kinds = "".join(
        f'<button data-pick="week:{value}" aria-pressed="{str(on).lower()}">{word}</button>'
        for value, word, on in (("", "月", not week), ("1", "周", week))
    )
    return f'<div class="head"><h3>{span}</h3><div class="moves">{moves}</div><div class="kinds">{kinds}</div></div>'


def _span(days: Sequence[date]) -> str:
    first, last = days[0], days[-1]
    return f"{first.year}年{first.month}月{first.day}日 – {last.month}月{last.day}日"


def _cell(day: date, held: Calendar, today: date, number: int, *, week: bool) -> str:
    count = held.counts.get(day)
    marks = {"today": day == today, "none": not count, "out": not week and day.month != held.day.month}
    kinds = "".join(f" {name}" for name, on in marks.items() if on)
    said = f"{name_of(day)}，{_said(count)}" + ("，今天" if day == today else "")
    chips = "".join(chip(tone, f"{word} {number}") for tone, word, number in _parts(count))
    return (
        f'<button class="day{kinds}" style="--o:{2 * number}" data-pick="day:{day}" aria-label="{said}" '
        f'aria-pressed="{str(day == held.day).lower()}"><b>{day.day}<i>周{_WEEKDAYS[day.weekday()]}</i></b>'
        f'<span class="chips">{chips}</span></button>'
    )


def _parts(count: DayCount | None) -> Iterable[tuple[str, str, int]]:
    if count is None:
        return ()
    parts = (("late", "超时", count.late), ("soon", "临近", count.soon), ("calm", "未到", count.calm))
    return (part for part in parts if part[2])


def _said(count: DayCount | None) -> str:
    if count is None:
        return "没有到期的"
    return f"到期 {count.all} 件：" + "，".join(f"{word} {number}" for _, word, number in _parts(count))


def name_of(day: date) -> str:
    return f"{day.month}月{day.day}日 周{_WEEKDAYS[day.weekday()]}"


def _chosen(held: Calendar, number: int) -> str:
    title = escape(f"{name_of(held.day)}到期")
    more = held.count - len(held.cards)
    rest = f'<p class="empty">还有 {more} 件，请用上面的筛选缩小范围。</p>' if more else ""
    body = cards_html(held.cards, held.at) if held.cards else '<p class="empty">这一天没有到期的工单。</p>'
    return (
        f'<section class="group" style="--o:{2 * number + 1}" aria-label="{title} {held.count} 件">'
        f"<h3>{title} <i>{held.count}</i></h3>{body}{rest}</section>"
    )
