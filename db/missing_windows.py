"""Looks that are owed and were not arranged: told to the staff of the place, made now by those who may."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from db import unwatched, windows, worker_state
from db.unwatched import Unwatched
from db.writes import audit
from domain import access
from domain.access import RIGHTS, Actor
from domain.care import MAKE_AT_HOUR, code_text
from domain.windows import days_made
from domain.worker import MINUTE

SETTLES = timedelta(minutes=5)  # the worker's own chance to make the day
_TOGETHER = 1000  # elders; a statement takes only so many
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
    gaps = {day: _owed(session, actor, "checkins.read", day) for day in sorted(days)}
    return [Missing(day, tuple(map(code_text, sorted(owed.values())))) for day, owed in gaps.items() if owed]


def _owed(session: Session, actor: Actor, right: str, day: date) -> dict[UUID, int]:
    """Give whose look is not there, where this right reaches: by the rows, as a list of ids may be too long to send."""
    owed = windows.owed(session, day)
    return {row.id: row.number for row in owed if actor.roles_at(row.area_path) & RIGHTS[right]}


def make(tx: Session, *, actor: Actor, now: datetime) -> int:
    """Make them now, in the areas where the actor plans; give how many. A second tap finds nothing left to make."""
    access.check(actor, "care.plan")
    mine = [*{elder for day in days_made(now, MAKE_AT_HOUR) for elder in _owed(tx, actor, "care.plan", day)}]
    made = sum(windows.make_for(tx, mine[at : at + _TOGETHER], now=now) for at in range(0, len(mine), _TOGETHER))
    if made:
        audit(tx, "windows.make", actor_id=actor.user_id, detail=f"made={made}", now=now)
    return made
