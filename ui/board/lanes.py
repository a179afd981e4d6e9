"""Swimlanes: the cards of a column in groups, each under its name, in the column's own order."""

from collections.abc import Iterable

from domain.board import Card
from domain.due import GRADE_LABELS, Grade
from domain.views import Group

_GRADES = list(Grade)
_LAST = "～"  # after every name


def lanes(cards: Iterable[Card], group: Group) -> list[tuple[str, list[Card]]]:
    """Group the cards; without a group they are one lane without a name."""
    if group is Group.NONE:
        return [("", list(cards))]
    found: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        found.setdefault(_lane(card, group), []).append(card)
    return [(name, held) for (_, name), held in sorted(found.items(), key=lambda lane: lane[0])]


def _lane(card: Card, group: Group) -> tuple[str, str]:
    """Give what a lane is sorted by, and its name; who nothing is known of comes last."""
    if card.hidden:  # first of all: any other lane would tell of it
        return _LAST, "私事"
    match group:
        case Group.GRID:
            name, missing = card.grid, "没有分网格"
        case Group.HANDLER:
            name, missing = card.handler, "没有处理人"
        case _:
            return str(_GRADES.index(card.grade)), GRADE_LABELS[card.grade]
    return (name, name) if name else (_LAST, missing)
