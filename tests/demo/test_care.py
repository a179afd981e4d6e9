"""平安守望 in the demo: eighty elders, ninety days, and a morning in which something is going on at any hour."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import db
import demo
from db import fsck, handovers, rounds, stats, windows
from db.models import (
    AbsenceRow,
    CheckWindowRow,
    ConsentRow,
    ElderRow,
    IncidentRow,
    ObservationRow,
    TicketRow,
)
from demo.care_register import lately, lively
from domain.care import WAITING, WindowState
from domain.clock import at_local, local_date
from domain.incidents import IncidentState
from domain.kpis import KPIS, Figure, Source, Unit
from domain.tickets import Kind, Status
from domain.windows import check_plan
from tests.demo.conftest import NOW, copy_of
from tests.demo.test_generate import log_in

TODAY = local_date(NOW)


def states(day: date = TODAY) -> Counter[str]:
    query = select(CheckWindowRow.state, func.count()).where(CheckWindowRow.day == day).group_by(CheckWindowRow.state)
    return Counter({state: number for state, number in db.read(lambda session: session.execute(query).all())})  # noqa: C416


def count(row: type) -> int:
    return db.read(lambda session: session.scalar(select(func.count()).select_from(row)) or 0)


@pytest.mark.usefixtures("shown")
def test_eighty_elders_have_a_window_for_each_look_of_ninety_days() -> None:
    assert count(ElderRow) == 80
    for back in (0, 1, 45, 89):
        assert db.read(windows.missing, day=TODAY - timedelta(days=back)) == []
    assert count(CheckWindowRow) > 7000
    assert count(ObservationRow) > 7000


@pytest.mark.usefixtures("shown")
def test_the_morning_shows_every_state_that_needs_somebody() -> None:
    found = states()

    for state in (WindowState.OPEN, WindowState.UNCLEAR, WindowState.UNCHECKED, WindowState.SEEN_CLOSED):
        assert found[state], state
    assert found[WindowState.EXCUSED] == 1
    assert found[WindowState.SEEN_OK] > 50
    assert all(not states(TODAY - timedelta(days=n))[state] for n in range(1, 8) for state in WAITING)


@pytest.mark.usefixtures("shown")
def test_zhao_has_six_stops_in_walking_order_and_is_asked_to_take_over_another_round() -> None:
    zhao = log_in("demo-volunteer")

    walk = db.read(rounds.today, actor=zhao, now=NOW)
    (offer,) = db.read(handovers.offered_to, actor=zhao, now=NOW)

    assert (walk.owed, walk.left) == (6, 6)
    assert {"王大爷", "李爷爷", "陈伯伯", "周奶奶"} <= {stop.name for stop in walk.stops}
    assert offer.day == TODAY + timedelta(days=1)
    assert db.read(rounds.looked_this_month, actor=zhao, now=NOW) > 50


@pytest.mark.usefixtures("shown")
def test_zhangs_curtain_is_the_one_open_incident_and_the_ticket_of_the_story() -> None:
    query = (
        select(IncidentRow.opened_at, IncidentRow.next_step_at, TicketRow.title, CheckWindowRow.state)
        .join(TicketRow, TicketRow.id == IncidentRow.ticket_id)
        .join(CheckWindowRow, CheckWindowRow.id == IncidentRow.window_id)
        .where(IncidentRow.state != IncidentState.RESOLVED)
    )
    ((opened_at, next_step_at, title, state),) = db.read(lambda session: session.execute(query).all())

    assert title == "3号楼 L0001 未见平安信号，请核实", "as every alert: no name, no door"
    assert state == WindowState.SEEN_CLOSED
    assert opened_at == NOW - timedelta(minutes=20)
    assert next_step_at > NOW
    assert count(IncidentRow) > 4


@pytest.mark.usefixtures("shown")
def test_what_blocks_a_round_is_there_to_be_found() -> None:
    without = select(func.count()).where(ElderRow.id.not_in(select(ConsentRow.elder_id)))

    assert db.read(lambda session: session.scalar(without)) == 1
    assert count(AbsenceRow) >= 2


@pytest.mark.parametrize("hour", [1, 6, 12, pytest.param(23, marks=pytest.mark.slow)])
def test_at_any_hour_the_data_is_whole_and_the_worker_has_nothing_to_catch_up_with(
    template: Path, tmp_path: Path, hour: int
) -> None:
    copy_of(template, tmp_path)
    now = datetime(2026, 11, 22, (hour - 8) % 24, 7, tzinfo=UTC) - timedelta(days=hour < 8)
    demo.generate(now=now)

    swept = db.run(windows.sweep, now=now)

    assert (swept.moved, swept.opened) == (0, ())
    assert db.read(lambda session: list(fsck.problems(session))) == []
    assert db.read(windows.missing, day=local_date(now)) == []
    told = select(IncidentRow.ticket_id).where(IncidentRow.ticket_id.is_not(None))
    query = select(TicketRow.title).where(TicketRow.kind == Kind.ALERT, TicketRow.status == Status.ACCEPTED)
    assert db.read(lambda session: session.scalars(query.where(TicketRow.id.not_in(told))).all()) == []
    db.engine.dispose()


def test_the_plans_that_follow_the_hour_fit_into_a_day() -> None:
    for minute in range(0, 24 * 60, 7):
        now = at_local(TODAY, time(minute // 60, minute % 60))
        for plan in (lively(now), lately(now)):
            check_plan(plan)


@pytest.mark.usefixtures("shown")
def test_no_figure_of_the_demo_is_nothing_or_all_of_it() -> None:
    leader = log_in("demo-leader")

    def read(session: Session) -> dict[str, Figure]:
        street = leader.grants[0].area_id
        scope = stats.scope_of(session, actor=leader, area_id=street, start=TODAY - timedelta(days=89), end=TODAY)
        codes = [code for code, kpi in KPIS.items() if kpi.source is Source.CHECKINS]
        return stats.figures(session, actor=leader, scope=scope, codes=codes, now=NOW)

    figures = db.read(read)

    assert all(0 < (one.value or 0) < 1 for one in figures.values() if one.kpi.unit is Unit.RATE), figures
    assert 0.015 < (figures["sign_closed"].value or 0) < 0.05
    assert 0.004 < (figures["not_looked"].value or 0) < 0.02
    assert 5 < (figures["door_time_median"].value or 0) < 60
    assert figures["door_time_median"].n >= 10
