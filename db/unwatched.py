"""Days on which no worker ran, so that nobody's look was made: found afterwards, told once, shown for a week.

Their windows are not made up: nobody can look in on yesterday any more, and an incident for each would drown
what is wrong today. What is left to do is to say so, and to name who was not looked in on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from db import jobs, outbox, rules, windows
from db.care_scope import communities, may_see
from db.models import AreaRow, DayRow, ElderRow, SettingRow
from domain.access import Actor
from domain.care import code_text
from domain.clock import at_local, local_date
from domain.outbox import Severity, Template
from domain.windows import is_away

MADE, JOB = "windows", "unwatched"
LONGEST = 31  # days; a machine that was off for longer tells of the last of them
SHOWN = 7  # days
_NAMED = 20  # in a message; all of them are on the page


@dataclass(frozen=True)
class Unwatched:
    """A day that is over and was not watched, and whose looks were owed by what was known when it was told."""

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


def owed(session: Session, *, community_id: UUID, days: Sequence[date]) -> dict[date, list[int]]:
    """Read who in this community was owed a look on these days, had none, and had not told of being away: numbers."""
    told = _kept(session, community_id)
    gaps = {day: windows.owed(session, day, community=community_id) for day in days if day.isoformat() not in told}
    away = windows.away_of(session, {row.id for rows in gaps.values() for row in rows}, at_local(days[0], time()))

    def was_owed(day: date, row: Row[Any]) -> bool:
        return row.joined_on <= day and not is_away(windows.times_on(day, row), away.get(row.id, ()))

    found = {day: sorted({row.number for row in rows if was_owed(day, row)}) for day, rows in gaps.items()}
    return {day: numbers for day, numbers in found.items() if numbers}


def tell(tx: Session, *, community_id: UUID, owed: Mapping[date, Sequence[int]], now: datetime) -> int:
    """Raise what was not watched in a community, one message for all of these days, and keep who it was."""
    days = sorted(owed)
    outbox.enqueue(
        tx,
        community_id=community_id,
        area_path=tx.get_one(AreaRow, community_id).path,
        template=Template.ALERT,
        body={"text": _words(days, sorted(set().union(*owed.values())))},
        severity=Severity.URGENT,
        dedupe=f"unwatched:{community_id.hex}:{days[0]:%Y%m%d}:{days[-1]:%Y%m%d}",
        now=now,
    )
    oldest = (local_date(now) - timedelta(days=LONGEST)).isoformat()
    kept = {day: numbers for day, numbers in _kept(tx, community_id).items() if day >= oldest}
    rules.put(tx, _name(community_id), kept | {day.isoformat(): [*numbers] for day, numbers in owed.items()})
    return sum(map(len, owed.values()))


def done(tx: Session, *, days: Sequence[date], now: datetime) -> None:
    """Note that these days were told to everybody they concern."""
    for day in days:
        jobs.claim_day(tx, job=JOB, day=day, now=now)


def _name(community_id: UUID) -> str:
    return f"{JOB}.{community_id.hex}"


def _kept(session: Session, community_id: UUID) -> dict[str, list[int]]:
    """Read who was named by day: what is agreed or planned afterwards makes nobody vanish from it."""
    kept: dict[str, list[int]] = rules.get_raw(session, _name(community_id)) or {}
    return kept


def _words(days: Sequence[date], numbers: Sequence[int]) -> str:
    when = f"{days[0]:%m月%d日}" if len(days) == 1 else f"{days[0]:%m月%d日}至{days[-1]:%m月%d日}有{len(days)}天"
    named = "、".join(map(code_text, numbers[:_NAMED])) + ("等" if len(numbers) > _NAMED else "")
    return f"{when}无人值守：应巡看{len(numbers)}户未生成（{named}）。请逐户核实，并查明后台为什么停了。"


def shown(session: Session, *, actor: Actor, now: datetime) -> list[Unwatched]:
    """Name the days of the last week that were not watched, with the elders of the actor's areas."""
    told = _told(session, actor, since=local_date(now) - timedelta(days=SHOWN))
    if not told:
        return []
    here = ElderRow.community_id.in_({community for _, community in told})
    query = select(ElderRow.community_id, ElderRow.number).where(here, may_see(actor))
    mine = {(community, number) for community, number in session.execute(query)}
    found: dict[str, list[int]] = defaultdict(list)
    for (day, community), numbers in told.items():
        found[day] += [number for number in numbers if (community, number) in mine]
    days = sorted(day for day, numbers in found.items() if numbers)
    return [Unwatched(date.fromisoformat(day), tuple(map(code_text, sorted(found[day])))) for day in days]


def _told(session: Session, actor: Actor, since: date) -> dict[tuple[str, UUID], list[int]]:
    names = {_name(community): community for community in communities(actor)}
    rows = session.execute(select(SettingRow.name, SettingRow.value).where(SettingRow.name.in_(names)))
    held = ((names[name], day, numbers) for name, kept in rows for day, numbers in kept.items())
    return {(day, community): numbers for community, day, numbers in held if day >= since.isoformat()}
