"""The parts of a volunteer's page about points, as HTML. Every word that somebody wrote is escaped here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

import segno

from domain.clock import local
from domain.points import hours_text, points_text, stars, to_next_star
from ui.text import when

_NUMERALS = "零一二三四五"


@dataclass(frozen=True)
class Line:
    """One line of a statement in plain words; `why` answers 「为什么是2分」."""

    at: datetime
    what: str
    amount: int  # tenths, signed
    balance: int
    why: str = ""


def day_words(day: date, today: date) -> str:
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def star_words(minutes: int) -> str:
    return f"{_NUMERALS[stars(minutes)]}星志愿者" if stars(minutes) else ""


def next_star_words(minutes: int) -> str:
    missing = to_next_star(minutes)
    if missing is None:
        return ""
    # rounded up: who has done what is asked for has the star
    return f"再服务 {hours_text(missing + 5)} 小时就是{_NUMERALS[stars(minutes) + 1]}星"


def purse_html(available: int, minutes: int, more: Iterable[str]) -> str:
    """Render what one has in large figures, and short words under it."""
    hours = " · ".join(filter(None, (f"服务时长 {hours_text(minutes)} 小时", star_words(minutes))))
    told = "".join(f"<span>{escape(words)}</span>" for words in more)
    return (
        f'<section class="linli-purse"><h3>可用积分</h3><b>{points_text(available)}</b>'
        f"<p>{told}</p><p><span>{escape(hours)}</span></p></section>"
    )


def round_html(owed: int, left: int, looked: int) -> str:
    """Render the way to today's round, and how often one looked this month."""
    way = "开始今日巡看" if left == owed else "接着巡看" if left else "今日巡看，都看过了"
    count = f"还有 {left} 户" if 0 < left < owed else f"{owed} 户"
    tone = "" if left else " done"
    link = f'<a class="linli-round{tone}" href="/round" target="_self"><b>{way}</b><span>{count}</span></a>'
    thanks = (
        f'<p class="linli-thanks">本月您守望了 {looked} 户次，谢谢您。积分等社区核实后记入明细</p>' if looked else ""
    )
    return (link if owed else "") + thanks


def lines_html(lines: Iterable[Line], now: datetime) -> str:
    return f'<div class="linli-lines">{"".join(_line(line, now) for line in lines)}</div>'


def _line(line: Line, now: datetime) -> str:
    sign, tone = ("+", "plus") if line.amount > 0 else ("", "minus")
    amount = f"{points_text(abs(line.amount))}分"
    why = f"<details><summary>为什么是{amount}</summary><p>{escape(line.why)}</p></details>" if line.why else ""
    return (
        f'<article><div><h4>{escape(line.what)}</h4><b class="{tone}">{sign}{points_text(line.amount)} 分</b></div>'
        f"<p>{when(line.at, now)}记账，余 {points_text(line.balance)} 分</p>{why}</article>"
    )


def rows_html(rows: Iterable[tuple[str, str]], name: str = "") -> str:
    """Render label and value pairs, one under the other."""
    told = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in rows)
    title = f"<h3>{escape(name)}</h3>" if name else ""
    return f'<section class="linli-rows">{title}<dl>{told}</dl></section>'


def calls_html(numbers: Iterable[tuple[str, str]]) -> str:
    """Render numbers as large links that a telephone calls at a tap."""
    return "".join(
        f'<a class="linli-round" href="tel:{escape(number)}"><b>{escape(who)}</b><span>{escape(number)}</span></a>'
        for who, number in numbers
    )


def code_html(code: str, item: str, points: int, until: datetime, now: datetime) -> str:
    """Render the code that fetches an order: digits to read out, and the same for a scanner."""
    picture = segno.make(code, error="m").svg_data_uri(scale=6, border=2, light="white", dark="#1c2b33")
    spoken = " ".join(code)
    return (
        f'<section class="linli-code"><h3>{escape(item)}　{points_text(points)} 分</h3><p>领取码</p>'
        f'<b aria-label="领取码 {spoken}">{code[:3]} {code[3:]}</b><img alt="领取码 {spoken} 的二维码" src="{picture}">'
        f"<p>请在 <strong>{_until(until, now)}</strong> 前到爱心超市领取，"
        "把这个码给工作人员看。过时不领，积分自动退回。</p></section>"
    )


def _until(until: datetime, now: datetime) -> str:
    """Say 明天（11月24日）12:06: somebody may read it tomorrow."""
    words, then = when(until, now), local(until)
    day, _, clock = words.partition(" ")
    return words if "月" in words else f"{day}（{then.month}月{then.day}日）{clock}"
