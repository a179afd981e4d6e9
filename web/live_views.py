"""What each page draws, for the push: the same query and the same markup as the page itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from db import board as boards
from db import writes
from db.ticket_filters import NAMES, from_query
from domain.access import OFFICE, RIGHTS, Actor, Grant, grants_for, has
from domain.board import Board
from domain.tickets import Column
from ui.board import markup

LONGEST_COLUMN = 600
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Asked:
    """What a browser follows: a page, narrowed and as long as it shows it."""

    page: str
    query: Pairs = ()
    shown: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Drawn:
    html: str
    figures: str
    stamp: int


def parse(given: Mapping[str, Any]) -> Asked | None:
    """Read a subscription; what makes no sense counts as not said, an unknown page as nothing."""
    page, query, shown = given.get("page"), given.get("query"), given.get("shown")
    if page not in PAGES:
        return None
    query = query if isinstance(query, dict) else {}
    shown = shown if isinstance(shown, dict) else {}
    return Asked(
        page,
        tuple((name, query[name]) for name in NAMES if isinstance(query.get(name), str)),
        tuple((c, min(n, LONGEST_COLUMN)) for c in Column if isinstance(n := shown.get(c), int) and n > 0),
    )


def may_follow(actor: Actor, page: str) -> bool:
    return has(actor, _RIGHT[page])


def key(actor: Actor, asked: Asked, *, alone: bool) -> object:
    """Name the drawing: who has the same key gets the same one. `alone` is `db.live.reach`'s word."""
    query = dict(asked.query)
    if alone or query.get("mine") or asked.page == "me":
        return (actor.user_id, actor.party_id, actor.grants, asked)
    scopes = (grants_for(actor, OFFICE), grants_for(actor, RIGHTS["tickets.read"]), actor.grants)
    return (*map(communities, scopes), asked)


def tickets(session: Any, actor: Actor, asked: Asked, now: datetime) -> Drawn:
    filters, shown = from_query(dict(asked.query)), dict(asked.shown)
    longest = max((boards.CARDS_A_COLUMN, *shown.values()))
    board = boards.board(session, actor=actor, filters=filters, now=now, limit=longest)
    html = markup.board_html(_cut(board, shown))
    return Drawn(html, markup.figures_html(board.figures, filters.due), board.stamp)


def _cut(board: Board, shown: Mapping[str, int]) -> Board:
    columns = (
        replace(column, cards=column.cards[: shown.get(column.column, boards.CARDS_A_COLUMN)])
        for column in board.columns
    )
    return replace(board, columns=tuple(columns))


def me(session: Any, actor: Actor, asked: Asked, now: datetime) -> Drawn:
    del asked  # nothing narrows it
    groups = boards.waiting(session, actor=actor, now=now)
    return Drawn(markup.waiting_html(groups, now), "", writes.stamps(session, communities(actor.grants)))


def communities(grants: Iterable[Grant]) -> frozenset[UUID]:
    return frozenset[UUID]().union(*(grant.community_ids for grant in grants))


PAGES: dict[str, Callable[[Any, Actor, Asked, datetime], Drawn]] = {"tickets": tickets, "me": me}
_RIGHT = {"tickets": "tickets.board", "me": "me"}
