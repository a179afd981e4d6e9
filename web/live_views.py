"""What each page draws, for the push: the same query and the same markup as the page itself."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db import board as boards
from db import board_kept, care_board, care_kept, listing, live, writes
from db import wall as walls
from db.ticket_filters import from_query
from domain.access import Actor, communities_of, has
from domain.board import LONGEST_COLUMN
from domain.care_board import NAMES as CARE_NAMES
from domain.care_board import from_query as care_filters
from domain.clock import local_date
from domain.ids import parse_id
from domain.live import Topic
from domain.tickets import Column
from domain.views import DAY, STATE_NAMES, Layout, day_asked, days_of, from_body
from ui.board import markup
from ui.board.calendar import calendar_html
from ui.care import markup as care_markup
from ui.wall import markup as wall_markup

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
    at: datetime | None = None  # when it was read, if not now: a board may have been kept


def parse(given: Mapping[str, Any]) -> Asked | None:
    """Read a subscription; what makes no sense counts as not said, an unknown page as nothing."""
    page, query, shown = given.get("page"), given.get("query"), given.get("shown")
    if page not in PAGES:
        return None
    query = query if isinstance(query, dict) else {}
    shown = shown if isinstance(shown, dict) else {}
    return Asked(
        page,
        tuple((name, query[name]) for name in _NAMES[page] if isinstance(query.get(name), str)),
        tuple((c, min(n, LONGEST_COLUMN)) for c in Column if isinstance(n := shown.get(c), int) and n > 0),
    )


def may_follow(actor: Actor, page: str) -> bool:
    return has(actor, _RIGHT[page]) and (page == "wall" or not actor.read_only)


def key(actor: Actor, asked: Asked, *, alone: bool) -> object:
    """Name the drawing: who has the same key gets the same one. `alone` is `db.live.reach`'s word."""
    if asked.page == "wall":
        return (actor.grants, asked)  # it shows no person, and of which place their grants say
    own = alone or bool(dict(asked.query).get("mine")) or asked.page == "me"
    return (live.sight(actor, alone=own), asked)


def tickets(session: Any, actor: Actor, asked: Asked, now: datetime) -> Drawn:
    query, shown = dict(asked.query), dict(asked.shown)
    filters, (view, _) = from_query(query), from_body(query)
    call: dict[str, Any] = {"actor": actor, "filters": filters, "now": now}
    if view.layout is Layout.TABLE:  # the page's own script draws it anew, this only says when
        figures, stamp = boards.figures(session, **call), live.stamp(session, actor=actor)
        return Drawn(markup.mark_html(stamp), markup.figures_html(figures, filters.due), stamp)
    if view.layout is Layout.CALENDAR:
        day = day_asked(query.get(DAY), local_date(now))
        call |= {"day": day, "days": days_of(day, week=view.week), "columns": view.columns}
        month = listing.calendar(session, **call)
        return Drawn(calendar_html(month, view), markup.figures_html(month.figures, filters.due), month.stamp)
    board = board_kept.board(session, shown=shown, order=view.sort, columns=view.columns, **call)
    html = markup.board_html(board, view.fields, view.group)
    return Drawn(html, markup.figures_html(board.figures, filters.due), board.stamp, board.at)


def me(session: Any, actor: Actor, asked: Asked, now: datetime) -> Drawn:
    del asked  # nothing narrows it
    groups = boards.waiting(session, actor=actor, now=now)
    return Drawn(markup.waiting_html(groups, now), "", writes.stamps(session, communities_of(actor.grants)))


def checkins(session: Any, actor: Actor, asked: Asked, now: datetime) -> Drawn:
    board = care_kept.today(session, actor=actor, filters=care_filters(dict(asked.query)), now=now)
    return Drawn(care_markup.tiles_html(board), care_markup.figures_html(board), board.stamp, board.at)


def wall(session: Any, actor: Actor, asked: Asked, now: datetime) -> Drawn:
    held = walls.wall(session, actor=actor, area_id=parse_id(dict(asked.query).get("area")), now=now)
    return Drawn(wall_markup.html(held), "", held.stamp)


def _nothing_of(session: Any, actor: Actor, ids: Collection[UUID]) -> dict[UUID, int]:
    del session, actor, ids  # nothing opens on a wall
    return {}


def _tickets_of(session: Any, actor: Actor, ids: Collection[UUID]) -> dict[UUID, int]:
    return live.versions(session, actor=actor, ticket_ids=ids)


def _incidents_of(session: Any, actor: Actor, ids: Collection[UUID]) -> dict[UUID, int]:
    return care_board.versions(session, actor=actor, incident_ids=ids)


PAGES: dict[str, Callable[[Any, Actor, Asked, datetime], Drawn]] = {
    "tickets": tickets,
    "me": me,
    "checkins": checkins,
    "wall": wall,
}
# whose change stamps say that there is something new
TOPICS = {
    "tickets": (Topic.BOARD.value,),
    "me": (Topic.BOARD.value,),
    "checkins": (Topic.CARE.value,),
    "wall": (Topic.BOARD.value, Topic.CARE.value),
}
# how often what stands open in the drawer has changed
VERSIONS: dict[str, Callable[[Any, Actor, Collection[UUID]], dict[UUID, int]]] = {
    "tickets": _tickets_of,
    "me": _tickets_of,
    "checkins": _incidents_of,
    "wall": _nothing_of,
}
_RIGHT = {"tickets": "tickets.board", "me": "me", "checkins": "checkins.read", "wall": "wall.read"}
_NAMES = {
    "tickets": (*STATE_NAMES, DAY),
    "me": (*STATE_NAMES, DAY),
    "checkins": CARE_NAMES,
    "wall": ("area",),
}
