"""Figures of long periods: rows a page at a time in the order of time, weekdays of whole months, last year's spots."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from alembic import command
from sqlalchemy import select
from sqlalchemy.orm import Session

import db
from db import areas, schema, stat_now, stats
from db.models import TICKET_STAT
from db.stat_page import NUMERATOR
from domain.clock import local, local_date
from domain.stats import Grain, Scope
from domain.tickets import Channel, Kind, Ticket
from tests.builders import NOW, World, report

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TODAY = local_date(NOW)


def scope_of(session: Session, area_id: UUID, start: date, end: date) -> Scope:
    area = areas.get(session, area_id)
    return Scope(area.id, area.path, start, end)


def test_rows_come_in_the_order_of_time_from_busy_and_quiet_communities(any_world: World) -> None:
    world = any_world
    other: dict[str, Any] = {"actor": world.stranger, "area_id": world.other_community}
    held = [report(world, now=NOW - hours * HOUR) for hours in (0, 0, 0, 1, 2, 30, 31, 700)]
    held += [report(world, now=NOW - 31 * HOUR, **other), report(world, now=NOW - 400 * HOUR, **other)]
    rare = report(world, now=NOW - 500 * HOUR, channel=Channel.PATROL)

    def told(code: str, limit: int) -> list[UUID | None]:
        def query(session: Session) -> list[UUID | None]:
            scope = scope_of(session, world.street, TODAY - 40 * DAY, TODAY)
            call: dict[str, Any] = {"actor": world.leader, "scope": scope, "code": code, "part": NUMERATOR}
            page = stats.rows(session, **call, limit=limit, now=NOW)
            found = [*page.rows]
            while page.after:
                page = stats.rows(session, **call, after=page.after, limit=limit, now=NOW)
                assert 0 < len(page.rows) <= limit
                found += page.rows
            return [row.ticket_id for row in found]

        return db.read(query)

    def newest(one: Ticket) -> Any:
        return one.reported_at, one.id

    for limit in (1, 2, 5):
        assert told("reported", limit) == [one.id for one in sorted([*held, rare], key=newest, reverse=True)]
        assert told("proactive_share", limit) == [rare.id]


def scattered(world: World) -> list[Ticket]:
    return [report(world, now=NOW - back * DAY - back * HOUR) for back in (0, 1, 7, 8, 15, 33, 34, 40, 47, 61, 75, 92)]


def test_weekdays_and_hours_are_those_of_the_days_asked_for(world: World) -> None:
    at = [local(one.reported_at) for one in scattered(world)]

    def query(session: Session, start: date, end: date) -> stat_now.Heat:
        return stats.heat(session, actor=world.leader, scope=scope_of(session, world.street, start, end))

    for days in ((95, 0), (60, 20), (33, 1), (7, 0)):
        start, end = (TODAY - back * DAY for back in days)
        found = db.read(query, start, end)
        within = [one for one in at if start <= one.date() <= end]
        assert found.hours == Counter((one.weekday(), one.hour) for one in within), days
        assert found.categories == Counter(("未分类", one.weekday()) for one in within), days


def test_a_database_without_weekdays_gets_them_from_its_days(any_world: World) -> None:
    scattered(any_world)
    engine = db.engine.get()

    def weekdays() -> list[Any]:
        s = TICKET_STAT.c
        query = select(s.area, s.dim, s.starts_on, s.member, s.reported).where(s.grain == Grain.WEEKDAY)
        return db.read(lambda session: sorted(map(tuple, session.execute(query).all())))

    held = weekdays()
    with engine.execution_options(begin_mode="IMMEDIATE").begin() as connection:
        command.downgrade(schema.config(connection), "0008")
    assert weekdays() == []
    schema.upgrade(engine)

    assert weekdays() == held != []


def test_a_hot_spot_tells_what_the_same_months_had_a_year_before(any_world: World) -> None:
    world, month = any_world, TODAY.replace(day=1)
    for back in (0, 0, 40, 365, 365, 365):
        report(world, area_id=world.building, now=NOW - back * DAY)
    for back in (0, 365):
        report(world, area_id=world.building, kind=Kind.SERVICE, now=NOW - back * DAY)

    def query(session: Session) -> list[stats.Hotspot]:
        return stats.hotspots(session, actor=world.leader, scope=scope_of(session, world.community, month, TODAY))

    (spot,) = db.read(query)
    assert (spot.area_id, spot.count, spot.last_year, spot.months) == (world.building, 2, 3, {month: 2})
