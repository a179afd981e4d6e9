"""Cards of figures, and tables of what lies behind them, as HTML: every word is escaped here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from domain.charts import Card
from domain.kpis import Basis, Delta, Kpi, Unit

NEW = "刚启用"
_TONES = {True: "up", False: "down", None: ""}
_WIDE, _HIGH = 96, 26  # of a sparkline, in its own units


@dataclass(frozen=True)
class Face:
    """A figure as its card shows it."""

    code: str
    name: str
    text: str
    tone: str = ""  # small, or nothing
    marks: tuple[str, ...] = ()  # 刚启用, 样本 8
    moves: tuple[tuple[str, str, str], ...] = ()  # 环比, +1.2 个百分点, up or down or nothing
    target: str = ""
    trend: tuple[float | None, ...] = ()
    partial: str = ""  # why it is not of everything


def face(card: Card) -> Face:
    """Say a figure, how it moved and whether that is good."""
    figure = card.figure
    kpi = figure.kpi
    marks = [NEW] if figure.new else []
    if kpi.basis is Basis.NOW:
        marks.append("现在")  # whatever the period
    elif kpi.basis is Basis.MONTH:
        marks.append("按整月")  # that the period touches
    if kpi.bottom or kpi.times:
        marks.append(f"{'估自' if kpi.times else '样本'} {figure.n:,}{' 件' if kpi.times else ''}")
    moves = tuple((name, *_moved(one)) for name, one in (("环比", card.chain), ("同比", card.year)) if one)
    tone = "small" if figure.small or figure.new else ""
    return Face(kpi.code, _named(kpi), figure.text, tone, tuple(marks), moves, kpi.target, card.trend, figure.partial)


def _named(kpi: Kpi) -> str:
    """Name it with its unit, where neither its name nor its number says that."""
    bare = kpi.unit in (Unit.RATE, Unit.MINUTES) or kpi.unit in kpi.name
    return kpi.name if bare else f"{kpi.name}（{kpi.unit}）"


def _moved(change: Delta) -> tuple[str, str]:
    """Say how it moved; less than can be seen is no change, and so neither good nor bad."""
    if change.text[1:].startswith("0.0"):
        return "持平", ""
    return change.text, _TONES[change.better]


def cards_html(faces: Iterable[Face]) -> str:
    """Render the cards, and above them what all of this page leaves out, if it does."""
    faces = list(faces)
    told = "".join(f'<p class="partial">{escape(words)}，卡片和图都不是全部。</p>' for words in _partial(faces))
    return f'{told}<div class="faces">{"".join(map(_card, faces))}</div>'


def _partial(faces: Iterable[Face]) -> list[str]:
    return list(dict.fromkeys(face.partial for face in faces if face.partial))


def _card(face: Face) -> str:
    marks = "".join(f'<em class="{"new" if mark == NEW else "n"}">{escape(mark)}</em>' for mark in face.marks)
    moves = "".join(
        f'<span class="{tone or "same"}">{escape(name)} {escape(text)}</span>' for name, text, tone in face.moves
    )
    target = f'<span class="target">参考：{escape(face.target)}</span>' if face.target else ""
    return (
        f'<button class="face {face.tone}" data-pick="{escape(face.code)}" title="看算法和明细">'
        f"<span class=name>{escape(face.name)}{marks}</span>"
        f"<b>{escape(face.text)}</b>{_spark(face.trend)}<span class=moves>{moves}</span>{target}</button>"
    )


def _spark(values: Sequence[float | None]) -> str:
    """Draw how it went; from zero, so that little does not look like much, with gaps where there is nothing."""
    known = [value for value in values if value is not None]
    if len(known) < 3:
        return ""
    top, step = max(known) or 1, _WIDE / max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{n * step:.1f},{_HIGH - 2 - value / top * (_HIGH - 4):.1f}")
    lines = "".join(f'<polyline points="{" ".join(run)}"/>' for run in runs if len(run) > 1)
    return f'<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" aria-hidden="true">{lines}</svg>'


@dataclass(frozen=True)
class Cell:
    words: str
    href: str = ""
    pick: str = ""  # what a button hands back; without it, plain words
    number: bool = False


def table_html(headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Render a table whose cells may lead on: to a page, or back to the script."""
    rows = list(rows)
    numbers = [cell.number for cell in rows[0]] if rows else [False] * len(headers)
    head = "".join(
        f"<th class=n>{escape(name)}</th>" if number else f"<th>{escape(name)}</th>"
        for name, number in zip(headers, numbers, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="rows"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(cell: Cell) -> str:
    words = escape(cell.words)
    if cell.href:
        words = f'<a href="{escape(cell.href)}" target="_blank" rel="noopener">{words}</a>'
    elif cell.pick:
        words = f'<button data-pick="{escape(cell.pick)}">{words}</button>'
    return f"<td class=n>{words}</td>" if cell.number else f"<td>{words}</td>"
