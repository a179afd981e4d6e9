"""The parts of a ticket's page as HTML: head, facts, timeline. Every word is escaped here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape

from domain.board import Card
from domain.due import GRADE_LABELS, Grade
from domain.tickets import KIND_LABELS, STATUS_LABELS, Kind
from ui.board.markup import time_words, tone_of
from ui.text import when


@dataclass(frozen=True)
class Line:
    """One line of a timeline."""

    at: datetime
    what: str
    who: str
    note: str = ""
    changes: tuple[str, ...] = ()


def _chip(tone: str, words: str) -> str:
    # the icon is the style sheet's: Streamlit takes inline SVG out of HTML
    return f'<span class="linli-chip {tone}">{escape(words)}</span>'


def head_html(card: Card, now: datetime) -> str:
    """Render number, state, time and title."""
    kinds = " · ".join(filter(None, (card.no, KIND_LABELS[card.kind], "" if card.hidden else card.category)))
    chips = _chip(tone_of(card), time_words(card, now))
    if card.grade is not Grade.NORMAL and not card.hidden:
        chips += _chip("plain", GRADE_LABELS[card.grade])
    if card.single_duty and not card.hidden:
        chips += _chip("plain", "单人值班")
    state = _chip("info", STATUS_LABELS[card.status])
    return (
        f'<div class="linli-d"><div class="top"><span class="muted">{escape(kinds)}</span>{state}{chips}</div>'
        f"<h2>{escape(card.title)}</h2></div>"
    )


def title_html(where: str, title: str, chips: Iterable[tuple[str, str]]) -> str:
    """Render the head of a drawer or page: where it is, its chips, what it is."""
    marks = "".join(_chip(tone, words) for tone, words in chips)
    return (
        f'<div class="linli-d"><div class="top"><span class="muted">{escape(where)}</span>{marks}</div>'
        f"<h2>{escape(title)}</h2></div>"
    )


def facts_html(facts: Iterable[tuple[str, str]]) -> str:
    """Render label and value pairs; those without a value are left out."""
    rows = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts if v)
    return f'<div class="linli-d"><dl>{rows}</dl></div>'


def texts_html(texts: Iterable[tuple[str, str]]) -> str:
    """Render longer texts under their names, line breaks kept."""
    parts = "".join(f'<h3>{escape(k)}</h3><div class="text">{escape(v)}</div>' for k, v in texts if v)
    return f'<div class="linli-d">{parts}</div>' if parts else ""


def timeline_html(lines: Iterable[Line], now: datetime) -> str:
    return f'<div class="linli-d"><ol>{"".join(_line(line, now) for line in lines)}</ol></div>'


def task_html(card: Card, now: datetime) -> str:
    """Render a volunteer's task: what, where, until when."""
    place = " · ".join(filter(None, (card.place, card.grid)))
    chip = _chip("info", "上门查看") if card.kind is Kind.ALERT else ""
    chip += _chip(tone_of(card), time_words(card, now)) + (_chip("ok", "已联系") if card.contacted else "")
    return (
        f'<div class="linli-d linli-task"><h3>{escape(card.title)}</h3><p>{escape(place)}</p>'
        f'<p><span class="muted">{escape(card.no)}</span> {chip}</p></div>'
    )


def _line(line: Line, now: datetime) -> str:
    note = f"<p>{escape(line.note)}</p>" if line.note else ""
    changes = "".join(f'<p class="muted">{escape(words)}</p>' for words in line.changes)
    who = f'<span class="muted">{escape(line.who)}</span>'
    return f"<li><b>{escape(line.what)}</b>{who} <time>{when(line.at, now)}</time>{note}{changes}</li>"
