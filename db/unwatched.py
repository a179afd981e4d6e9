"""Days on which no worker ran, so that nobody's look was made: found afterwards, told once, shown for a week.

Their windows are not made up: nobody can look in on yesterday any more, and an incident for each would drown
what is wrong today. What is left to do is to say so, and to name who was not looked in on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from db import jobs, outbox, windows
from db.care_scope import may_see
from db.models import AreaRow, DayRow, ElderRow
from domain.access import Actor
from domain.care import code_text
from domain.clock import local_date
from domain.outbox import Severity, Template

MADE, JOB = "windows", "unwatched"
LONGEST = 31  # days; a machine that was off for longer tells of the last of them
SHOWN = 7  # days
_NAMED = 20  # in a message; all of them are on the page


@dataclass(frozen=True)
class Unwatched:
    """A day that is over and was not watched, and whose looks were owed by what the register says now."""

    day: date
    codes: tuple[str, ...]


def gap(session: Session, *, today: date) -> list[date]:
    """List the days before today, since the first that was ever made, that were neither made nor told of."""
    first = session.scalar(select(func.min(DayRow.day)).where(DayRow.job == MADE))
    if first is None:
        return []
    start = max(first, today - timedelta(days=LONGEST))
    query = select(DayRow.day).where(DayRow.job.in_((MADE, JOB)), DayRow.day >= start)
    known = set(session.scalars(query))
    return [day for n in range((today - start).days) if (day := start + timedelta(days=n)) not in known]


def tell(tx: Session, *, now: datetime) -> int:
    """Raise what was not watched, a message a community for all of these days; give how many elders' days it was."""
    days = [day for day in gap(tx, today=local_date(now)) if jobs.claim_day(tx, job=JOB, day=day, now=now)]
    owed = {day: _owed(tx, day) for day in days}
    for community, path in {(community, path) for of in owed.values() for _, community, path, _ in of}:
        here = {day: {number for _, at, _, number in of if at == community} for day, of in owed.items()}
        outbox.enqueue(
            tx,
            community_id=community,
            area_path=path,
            template=Template.ALERT,
            body={"text": _words([day for day in days if here[day]], sorted(set().union(*here.values())))},
            severity=Severity.URGENT,
            dedupe=f"unwatched:{community.hex}:{days[0]:%Y%m%d}:{days[-1]:%Y%m%d}",
            now=now,
        )
    return sum(map(len, owed.values()))


def _owed(session: Session, day: date) -> Sequence[Row[UUID, UUID, str, int]]:
    """Read who was owed a look on this day and had none: id, community with its path, number."""
    ids = {elder for elder, _ in windows.missing(session, day=day)}
    query = select(ElderRow.id, ElderRow.community_id, AreaRow.path, ElderRow.number)
    query = query.join(AreaRow, AreaRow.id == ElderRow.community_id).order_by(ElderRow.number)
    return session.execute(query.where(ElderRow.id.in_(ids), ElderRow.joined_on <= day)).all()


def _words(days: Sequence[date], numbers: Sequence[int]) -> str:
    when = f"{days[0]:%m月%d日}" if len(days) == 1 else f"{days[0]:%m月%d日}至{days[-1]:%m月%d日}有{len(days)}天"
    named = "、".join(map(code_text, numbers[:_NAMED])) + ("等" if len(numbers) > _NAMED else "")
    return f"{when}无人值守：应巡看{len(numbers)}户未生成（{named}）。请逐户核实，并查明后台为什么停了。"


def shown(session: Session, *, actor: Actor, now: datetime) -> list[Unwatched]:
    """Name the days of the last week that were not watched, with the elders of the actor's areas."""
    since = local_date(now) - timedelta(days=SHOWN)
    days = session.scalars(select(DayRow.day).where(DayRow.job == JOB, DayRow.day >= since).order_by(DayRow.day)).all()
    found = [Unwatched(day, _codes(session, actor, day)) for day in days]
    return [one for one in found if one.codes]


def _codes(session: Session, actor: Actor, day: date) -> tuple[str, ...]:
    ids = {elder for elder, *_ in _owed(session, day)}
    query = select(ElderRow.number).where(ElderRow.id.in_(ids), may_see(actor)).order_by(ElderRow.number)
    return tuple(map(code_text, session.scalars(query)))
