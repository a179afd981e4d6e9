"""What the board is narrowed to, and how that reads in SQL inside the viewer's scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from db import crypto
from db.models import AreaRow, CategoryRow, PartyRow, PersonRow, TicketRow, TicketSupportRow, TicketTextRow
from db.models.base import UtcDateTime
from db.ticket_events import inside, may_read
from domain.access import OFFICE, Actor, grants_for
from domain.areas import Level
from domain.clock import at_local, local_date
from domain.due import Grade, Matter
from domain.ids import parse_id
from domain.people import normal_phone
from domain.text import clean
from domain.tickets import CLOCK_RUNS, DONE_SHOWN, Kind


@dataclass(frozen=True)
class Filters:
    """What the board is narrowed to; the empty value of each means "all"."""

    community_id: UUID | None = None
    grid_id: UUID | None = None
    category_id: UUID | None = None
    kind: Kind | None = None
    grade: Grade | None = None
    handler_id: UUID | None = None
    mine: bool = False
    due: str = ""  # "late" or "today"
    text: str = ""


NAMES = ("community", "grid", "category", "kind", "grade", "handler", "mine", "due", "text")


def from_query(given: Mapping[str, str]) -> Filters:
    """Read the filters out of a URL's query; what makes no sense there counts as not chosen."""
    kind, grade = given.get("kind", ""), given.get("grade", "")
    return Filters(
        community_id=parse_id(given.get("community")),
        grid_id=parse_id(given.get("grid")),
        category_id=parse_id(given.get("category")),
        kind=Kind(kind) if kind in set(Kind) else None,
        grade=Grade(grade) if grade in set(Grade) else None,
        handler_id=parse_id(given.get("handler")),
        mine=given.get("mine") == "1",
        due=given.get("due", "") if given.get("due") in ("late", "today") else "",
        text=given.get("text", "")[:60],
    )


class Moments(NamedTuple):
    """On which moments a board turns: as they are, or by name (`ASKED`) in a statement that is written once."""

    now: Any
    since: Any  # from when on it shows the done
    today: Any  # when the day began
    tomorrow: Any  # when it ends


ASKED = Moments(*(bindparam(name, type_=UtcDateTime) for name in Moments._fields))


def moments(now: datetime) -> Moments:
    today = local_date(now)
    return Moments(now, now - DONE_SHOWN, at_local(today, time(0)), at_local(today + timedelta(days=1), time(0)))


def conditions(
    actor: Actor, filters: Filters, *, at: Moments, seen: ColumnElement[bool] | None = None
) -> list[ColumnElement[bool]]:
    """Turn filters into SQL inside the actor's scope; `seen` says it in a quicker way than the rule."""
    row = TicketRow
    pairs: list[tuple[Any, Any]] = [
        (row.community_id, filters.community_id),
        (row.grid_id, filters.grid_id),
        (row.kind, filters.kind),
        (row.grade, filters.grade),
        (row.handler_id, filters.handler_id),
    ]
    held = [may_read(actor) if seen is None else seen, *(column == value for column, value in pairs if value)]
    if filters.mine:
        held.append(or_(*_own(actor)))
    if filters.due:
        held.append(due(filters.due, at))
    if filters.category_id:
        below = select(CategoryRow.id).where(CategoryRow.parent_id == filters.category_id)
        held.append(or_(row.category_id == filters.category_id, row.category_id.in_(below)))
    if text := clean(filters.text):
        held.append(_matches(text))
        if actor.figures_only:  # a service's words are somebody's: by its number alone
            by_number = [found for word in text.split() if (found := _numbered(word)) is not None]
            held.append(or_(row.kind != Kind.SERVICE, *by_number))
    tells = (filters.grid_id, filters.category_id, filters.kind, filters.grade, filters.handler_id, text)
    if any(tells):
        held.append(_clear(actor))
    return held


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    mine: list[ColumnElement[bool]] = [TicketRow.reporter_user_id == actor.user_id]
    if actor.party_id:  # without one, `== None` would mean every ticket that nobody has
        mine.append(TicketRow.handler_id == actor.party_id)
    return mine


def due(due: str, at: Moments) -> ColumnElement[bool]:
    running = TicketRow.status.in_(CLOCK_RUNS)
    # of open work alone: by the plain column SQLite would go through all that was ever due
    due_at = case((running, TicketRow.due_at))
    if due == "late":
        return and_(running, due_at < at.now)
    return and_(running, within_day(due_at, at))


def within_day(due_at: Any, at: Moments) -> ColumnElement[bool]:
    """Say what is due today, late already or not, as the calendar counts it: 24:00 is still today."""
    return and_(due_at > at.today, due_at <= at.tomorrow)


def _clear(actor: Actor) -> ColumnElement[bool]:
    """Leave out the 私事 that this viewer may not read: a filter must not tell what they are about."""
    return or_(TicketRow.matter.is_(None), TicketRow.matter != Matter.PRIVATE, sees_private(actor))


def sees_private(actor: Actor) -> ColumnElement[bool]:
    sent = TicketRow.dispatched_by == actor.user_id
    return or_(inside(grants_for(actor, OFFICE)), sent, *_own(actor))


def _matches(text: str) -> ColumnElement[bool]:
    """Find every word in number, title, place, description or handler; LIKE inside scope and index."""
    return and_(*(_matches_word(word) for word in text.split()))


def _matches_word(word: str) -> ColumnElement[bool]:
    by_number = _numbered(word)
    described = select(TicketTextRow.ticket_id).where(
        TicketTextRow.ticket_id == TicketRow.id, _has(TicketTextRow.description, word)
    )
    handled = select(PartyRow.id).where(_has(PartyRow.label, word))
    found = or_(
        _has(TicketRow.title, word),
        _has(TicketRow.address, word),
        TicketRow.handler_id.in_(handled),
        *_reported_by(normal_phone(word)),
        TicketRow.external_id == word,
        described.exists(),
    )
    return found if by_number is None else or_(by_number, found)


def _has(column: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
    """Find the word in upper and lower case; most have neither, and to ignore it takes a third longer."""
    if word.lower() == word.upper():
        return column.contains(word, autoescape=True)
    return column.icontains(word, autoescape=True)


def _reported_by(phone: str) -> list[ColumnElement[bool]]:
    """Find who reported or joined by telephone; a word is no number, and everybody need not be looked through."""
    if not any(c.isdecimal() for c in phone):
        return []
    persons = select(PersonRow.id).where(PersonRow.phone_mac == crypto.mac(phone))
    joined = select(TicketSupportRow.ticket_id).where(TicketSupportRow.reporter_id.in_(persons))
    return [TicketRow.reporter_id.in_(persons), TicketRow.id.in_(joined)]


def numbers(text: str) -> list[int]:
    """List what in the text may be a ticket's number."""
    return [found for word in text.split() if (found := _number(word)[1]) is not None]


def _number(text: str) -> tuple[str, int | None]:
    code, _, rest = text.upper().rpartition("-")
    digits = rest.removeprefix("E")
    return code, int(digits) if digits.isdecimal() and len(digits) <= 9 else None


def _numbered(text: str) -> ColumnElement[bool] | None:
    """Read 12, E0012 or GH-E0012 as a number, the last in the community with that code."""
    code, found = _number(text)
    if found is None:
        return None
    number = TicketRow.number == found
    coded = select(AreaRow.id).where(AreaRow.level == Level.COMMUNITY, func.upper(AreaRow.code) == code)
    return and_(number, TicketRow.community_id.in_(coded)) if code else number
