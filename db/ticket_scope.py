"""Which tickets a viewer may see, in a form that indexes answer however long the history is.

`ticket_events.may_read` is the rule, for one ticket. Asked of the whole table its "or" defeats every
index: here the viewer's area leads, and what binds them to tickets outside it is looked up by itself.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    case,
    not_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from db import live
from db.models import TicketRow
from db.models.base import UtcDateTime
from db.models.tickets import CLOSED_WORK, ENDED_WORK, OPEN_WORK
from db.ticket_events import inside, offered
from db.ticket_filters import Filters, conditions, moments, numbers
from domain.access import RIGHTS, Actor, Grant, Role, communities_of, grants_for
from domain.text import clean

# of what has ended a search looks through the newest reports: so many, or so many of each community
SEARCHED, LEAST_SEARCHED = 4000, 200
MOST_FOUND = 5000  # by a search, to be named one by one
_T = TicketRow
Ids = Select[Any]
Moment = datetime | BindParameter[datetime]


def on_board(session: Session, actor: Actor, *, since: datetime) -> ColumnElement[bool]:
    """Say which open tickets and which closed since then this viewer sees, among those."""
    return seen(actor, since, beyond=has_beyond(session, actor, since))


def has_beyond(session: Session, actor: Actor, since: datetime) -> bool:
    """Tell whether they see any of these outside their areas."""
    return not _grants(actor) or session.connection().execute(_any_outside(actor), {"since": since}).first() is not None


def seen(actor: Actor, since: Moment, *, beyond: bool) -> ColumnElement[bool]:
    """Say what they see inside their areas and, if there is any, beyond."""
    grants = _grants(actor)
    area = inside(grants)
    if not beyond:
        return area
    recent = and_(CLOSED_WORK, _T.closed_at >= since)
    within = [_ids(OPEN_WORK, area), _ids(recent, area)] if grants else []
    return _T.id.in_(union_all(*within, *_outside(actor, since)))


def _outside(actor: Actor, since: Moment) -> list[Ids]:
    # both: the index of a person's own is one of all that has ended
    recent = and_(ENDED_WORK, CLOSED_WORK, _T.closed_at >= since)
    return [ids.where(not_(inside(_grants(actor)))) for ids in _bound(actor, [recent])]


@lru_cache(maxsize=64)  # every board asks this first, and to write it costs more than the answer
def _any_outside(actor: Actor) -> CompoundSelect[Any]:
    since = bindparam("since", type_=UtcDateTime)
    return union_all(*_outside(actor, since)).limit(1)


def found(
    session: Session, actor: Actor, filters: Filters, now: datetime
) -> tuple[list[UUID] | None, ColumnElement[bool], int]:
    """Look once through what a search looks through: columns, counts and figures then ask for these alone.

    They are None if they are too many to be named; then the condition says which, and the number among how many.
    """
    asked = conditions(actor, replace(filters, due=""), at=moments(now), seen=true())
    alone = live.reach(session, actor=actor).alone
    seen, among = searched(session, actor, numbers(clean(filters.text)), asked=asked, alone=alone)
    ids = list(session.scalars(select(_T.id).where(seen).limit(MOST_FOUND + 1)))
    return (ids if len(ids) <= MOST_FOUND else None), seen, among


def searched(
    session: Session,
    actor: Actor,
    numbers: Collection[int],
    *,
    asked: Sequence[ColumnElement[bool]] = (),
    alone: bool = True,
) -> tuple[ColumnElement[bool], int]:
    """Say what a search finds that asks for this, and among how many reports of each community; 0 if among all.

    It looks through all open work; of what has ended, the newest reports; and whatever has one of these numbers.
    `alone` is `db.live.reach`'s word: who is not sees nothing beyond their areas.
    """
    grants = _grants(actor)
    area, communities = inside(grants), sorted(communities_of(grants))
    each = max(SEARCHED // max(len(communities), 1), LEAST_SEARCHED)
    # each part by itself: all that is looked through would be looked up once more to ask it
    parts = [_ids(OPEN_WORK, area, *asked)] if grants else []
    for community in communities:
        reports = _ids(_T.community_id == community)
        parts.append(_among(reports.order_by(_T.reported_at.desc()), each, and_(ENDED_WORK, area, *asked)))
        parts += [_ids(_T.community_id == community, _T.number == number, area, *asked) for number in numbers]
    if not grants or alone:
        parts += _own_beyond(session, actor, each, asked)
    left_out = any(_has_more(session, community, each) for community in communities)
    return and_(_T.id.in_(union_all(*parts)), _T.hidden_at.is_(None)), each if left_out else 0


def _own_beyond(session: Session, actor: Actor, each: int, asked: Sequence[ColumnElement[bool]]) -> list[Ids]:
    """Give what is theirs beyond their areas, if there is any, among the newest that are theirs."""
    never_closed = _T.closed_at.is_(None)
    ended = [and_(ENDED_WORK, not_(never_closed)), and_(ENDED_WORK, never_closed)]
    beyond, newest = not_(inside(_grants(actor))), _T.closed_at.desc()
    parts = [_among(ids.order_by(newest), each, beyond) for ids in _bound(actor, ended)]
    if _grants(actor) and not _any(session, parts):
        return []
    return [_ids(_T.id.in_(part), *asked) for part in parts]


def _grants(actor: Actor) -> tuple[Grant, ...]:
    return grants_for(actor, RIGHTS["tickets.read"])


def _bound(actor: Actor, ended: Iterable[ColumnElement[bool]]) -> Iterator[Ids]:
    """Give what they could claim, and what is theirs by name: open, and of the ended these parts."""
    if volunteer := grants_for(actor, (Role.VOLUNTEER,)):
        yield _ids(OPEN_WORK, offered(), inside(volunteer))
    parts = [OPEN_WORK, *ended]
    yield from (_ids(part, _T.reporter_user_id == actor.user_id) for part in parts)
    if actor.party_id:
        yield from (_ids(part, _T.handler_id == actor.party_id) for part in parts)


def _ids(*held: Any) -> Ids:
    return select(_T.id).where(*held)


def _among(ids: Ids, most: int, fits: ColumnElement[bool]) -> Ids:
    """Give what fits among so many of these; told as they are read, so that no engine walks further."""
    first = ids.add_columns(case((fits, True), else_=False).label("fits")).limit(most).subquery()
    return select(first.c.id).where(first.c.fits)


def _has_more(session: Session, community_id: UUID, most: int) -> bool:
    beyond = select(_T.reported_at).where(_T.community_id == community_id).order_by(_T.reported_at.desc())
    return session.execute(beyond.offset(most).limit(1)).first() is not None


def _any(session: Session, parts: list[Ids]) -> bool:
    either: CompoundSelect[Any] = union_all(*parts)
    return session.execute(either.limit(1)).first() is not None
