"""Figures of long periods: rows a page at a time in the order of time, weekdays of whole months, last year's spots."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import select
from sqlalchemy.orm import Session

import db
from db import areas, schema, stat_cards, stat_now, stat_points, stats
from db.models import TICKET_STAT
from db.stat_page import NUMERATOR
from domain.clock import local, local_date
from domain.ids import new_id
from domain.kpis import KPIS, delta
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


@pytest.mark.parametrize(
    ("code", "start", "end", "before"),
    [
        ("reported", date(2026, 10, 25), date(2026, 11, 23), (date(2026, 9, 25), date(2026, 10, 24))),
        ("points_awarded", date(2026, 10, 25), date(2026, 11, 23), (date(2026, 8, 1), date(2026, 9, 30))),
        ("points_awarded", date(2026, 11, 17), date(2026, 11, 23), (date(2026, 10, 1), date(2026, 10, 31))),
        ("visit_rate", date(2026, 8, 26), date(2026, 11, 23), (date(2026, 10, 1), date(2026, 10, 31))),
    ],
)
def test_what_is_of_months_is_compared_with_the_months_before_and_never_with_one_of_its_own(
    code: str, start: date, end: date, before: tuple[date, date]
) -> None:
    earlier = stat_cards._before(Scope(new_id(), "/1/", start, end), KPIS[code])

    assert (earlier.start, earlier.end) == before


def compared(world: World, now: datetime, start: date, end: date) -> dict[str, str]:
    codes = ("reported", "close_rate", "reopen_7d", "recurrence_30d", "points_awarded", "visit_rate")

    def query(session: Session) -> dict[str, str]:
        scope = scope_of(session, world.street, start, end)
        found = stat_cards.cards(session, actor=world.leader, scope=scope, codes=codes, now=now)
        return {card.figure.kpi.code: card.chain.text for card in found if card.chain}

    return db.read(query)


def test_what_still_changes_by_itself_is_neither_better_nor_worse_yet(world: World) -> None:
    ends = {"close_rate": "未满 30 天", "reopen_7d": "未满 7 天", "recurrence_30d": "未满 30 天"}
    unfinished = {"points_awarded": "本月未完", "visit_rate": "本月未完"}

    young = compared(world, NOW, TODAY - 6 * DAY, TODAY)
    old = compared(world, NOW + 60 * DAY, TODAY - 6 * DAY, TODAY)

    assert young.items() >= (ends | unfinished).items()
    assert not {*ends.values(), *unfinished.values()} & {*old.values()}


def test_nothing_is_compared_with_a_time_that_began_before_the_first_report(world: World) -> None:
    for back in [*range(10)] * 2:
        report(world, now=NOW - back * DAY)

    assert compared(world, NOW, TODAY - 4 * DAY, TODAY)["reported"] == "持平"
    assert compared(world, NOW, TODAY - 6 * DAY, TODAY)["reported"] == "—", "of these seven days only three had reports"


def test_hours_rest_on_as_many_records_as_stand_beside_them() -> None:
    kpi = KPIS["service_hours"]
    scope = Scope(new_id(), "/1/2/", TODAY, TODAY)

    def figure(records: int) -> Any:
        counts = Counter({"service_hours": records * 60, "service_times": records})
        return stat_points._figure(kpi, counts, NOW, whole=stat_points.is_whole(scope))

    assert delta(figure(20), figure(9)).text == "样本不足", "nine hours are nine records, not 540 of anything"
    assert delta(figure(20), figure(10)).text == "+100.0%"
