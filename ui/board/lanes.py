"""Swimlanes: the cards of a column in groups, each under its name, in the column's own order."""

from collections.abc import Iterable

from domain.areas import natural_order
from domain.board import Card
from domain.due import GRADE_LABELS, Grade
from domain.views import Group

_GRADES = list(Grade)
Place = tuple[int, list[tuple[int, str]]]


def lanes(cards: Iterable[Card], group: Group) -> list[tuple[str, list[Card]]]:
    """Group the cards; without a group they are one lane without a name."""
    if group is Group.NONE:
        return [("", list(cards))]
    found: dict[str, list[Card]] = {}
    places: dict[str, Place] = {}
    for card in cards:
        place, name = _lane(card, group)
        places[name] = place
        found.setdefault(name, []).append(card)
    return [(name, found[name]) for name in sorted(found, key=places.__getitem__)]


def _lane(card: Card, group: Group) -> tuple[Place, str]:
    """Give where a lane stands, and its name; who nothing is known of comes last."""
    if card.hidden:  # first of all: any other lane would tell of it
        return (2, []), "私事"
    match group:
        case Group.GRID:
            name, missing = card.grid, "没有分网格"
        case Group.HANDLER:
            name, missing = card.handler, "没有处理人"
        case _:
            return (0, [(_GRADES.index(card.grade), "")]), GRADE_LABELS[card.grade]
    return ((0, natural_order(name)), name) if name else ((1, []), missing)
