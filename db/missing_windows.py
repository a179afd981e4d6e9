"""Looks that are owed and were not arranged: told to the staff of the place, made now by those who may."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import unwatched, windows, worker_state
from db.care_scope import may_see
from db.models import ElderRow
from db.points import scope
from db.unwatched import Unwatched
from db.writes import audit
from domain import access
from domain.access import RIGHTS, Actor, grants_for
from domain.care import MAKE_AT_HOUR, code_text
from domain.windows import days_made
from domain.worker import MINUTE

SETTLES = timedelta(minutes=5)  # the worker's own chance to make the day
CHECKED = timedelta(minutes=2)  # its last good minute; asking again takes as long as a page


@dataclass(frozen=True)
class Missing:
    """Whose look of a day is not arranged: nothing will remind anybody of it, or raise an alarm."""

    day: date
    codes: tuple[str, ...]


def unarranged(session: Session, *, actor: Actor, now: datetime) -> tuple[list[Unwatched], list[Missing]]:
    """Give both kinds of looks that nobody arranged: of days gone by, and of today and tomorrow."""
    return unwatched.shown(session, actor=actor, now=now), found(session, actor=actor, now=now)


def found(session: Session, *, actor: Actor, now: datetime) -> list[Missing]:
    """Name by day, today and from the evening on tomorrow, those of the actor's areas; mostly nobody."""
    checked = worker_state.went_well(session).get(MINUTE)
    if checked and timedelta(0) <= now - checked < CHECKED:
        return []  # the worker has just looked, and makes what it misses
    days = set(days_made(now - SETTLES, MAKE_AT_HOUR)) & set(days_made(now, MAKE_AT_HOUR))
    gaps = {day: {elder for elder, _ in windows.missing(session, day=day)} for day in sorted(days)}
    return [Missing(day, codes) for day, ids in gaps.items() if ids and (codes := _codes(session, actor, ids))]


def _codes(session: Session, actor: Actor, ids: set[UUID]) -> tuple[str, ...]:
    query = select(ElderRow.number).where(ElderRow.id.in_(ids), may_see(actor)).order_by(ElderRow.number)
    return tuple(map(code_text, session.scalars(query)))


def make(tx: Session, *, actor: Actor, now: datetime) -> int:
    """Make them now, in the areas where the actor plans; give how many. A second tap finds nothing left to make."""
    access.check(actor, "care.plan")
    ids = {elder for day in days_made(now, MAKE_AT_HOUR) for elder, _ in windows.missing(tx, day=day)}
    inside = scope(grants_for(actor, RIGHTS["care.plan"]), ElderRow.community_id, ElderRow.area_path)
    mine = tx.scalars(select(ElderRow.id).where(ElderRow.id.in_(ids), inside)).all() if ids else []
    made = windows.make_for(tx, mine, now=now) if mine else 0
    if made:
        audit(tx, "windows.make", actor_id=actor.user_id, detail=f"made={made}", now=now)
    return made
