"""Behind every figure of points and 平安守望 are its very rows: as many, or adding up to as much, as it says."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

import db
from db import elders, expiry, shop, stat_rebuild, stats
from db.models import CheckWindowRow, ConsentRow, ElderRow, IncidentRow, PairVisitRow
from db.stat_page import DENOMINATOR, NUMERATOR, StatRow
from domain.care import LeaveReason, Slot, WindowState
from domain.clock import at_local, local_date
from domain.errors import Refused
from domain.ids import new_id
from domain.kpis import KPIS, Source
from domain.points import RecordKind
from domain.stats import Scope
from settings import Settings
from tests.builders import NOW, World, make_world
from tests.db import earning
from tests.db.caring import enrolled

PAGE = 7
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
POINTS = [code for code, kpi in KPIS.items() if kpi.source is Source.POINTS]
CHECKINS = [code for code, kpi in KPIS.items() if kpi.source is Source.CHECKINS]
SUMMED = {"points_awarded", "points_redeemed", "points_expired", "points_balance", "service_hours"}
TODAY = local_date(NOW)
quickly = settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
seeds = st.integers(0, 2**32)


def every_row(session: Session, world: World, scope: Scope, code: str, part: str, who: str) -> Iterator[StatRow]:
    after = None
    while True:
        call: dict[str, Any] = {"actor": world.actors[who], "scope": scope, "code": code, "part": part, "now": NOW}
        page = stats.rows(session, **call, after=after, limit=PAGE)
        assert len(page.rows) <= PAGE
        yield from page.rows
        if page.after is None:
            return
        after = page.after


def check(session: Session, world: World, codes: list[str], who: str = "leader") -> None:
    """Hold every figure of every place against the rows it opens, a page after the other."""
    above = [world.street] if who == "leader" else []
    for area in (*above, world.community, world.grid, world.other_grid, world.building):
        for start, end in ((TODAY - 40 * DAY, TODAY), (TODAY - 10 * DAY, TODAY - 3 * DAY)):
            call: dict[str, Any] = {"actor": world.actors[who], "area_id": area, "start": start, "end": end}
            scope = stats.scope_of(session, **call)
            figures = stats.figures(session, actor=call["actor"], scope=scope, codes=codes, now=NOW)
            for code, one in figures.items():
                for part, told in ((NUMERATOR, one.numerator), (DENOMINATOR, one.denominator)):
                    if told is None and (part, one.denominator) != (NUMERATOR, None):
                        continue
                    held = list(every_row(session, world, scope, code, part, who))
                    adds = (row.amount for row in held) if code in SUMMED else (1 for _ in held)
                    assert sum(n or 0 for n in adds) == (told or 0), (code, part, scope)
                    assert all(start <= row.day <= end for row in held if code in CHECKINS and code != "visit_rate")


# --- 平安守望 ----------------------------------------------------------------------------------------------------


def lived(tx: Session, world: World, chance: random.Random, people: list[Any]) -> None:
    """Write looks, incidents and visits of forty days, anyhow."""
    number = tx.query(IncidentRow).count()
    for elder in people:
        row = tx.get_one(ElderRow, elder.id)
        one = {"community_id": world.community, "elder_id": row.id, "area_path": row.area_path}
        for back in range(0, 40, chance.randint(2, 6)):
            day = TODAY - back * DAY
            made = window(row, day, chance)
            tx.add(CheckWindowRow(**one, **made))
            if chance.random() < 0.3:
                number += 1
                tx.add(IncidentRow(**one, **incident(world, number, day, made["id"], chance)))
        if chance.random() < 0.8:
            agreed: dict[str, Any] = {"id": new_id(), "elder_id": row.id, "scope": "watch", "paper": ""}
            tx.add(ConsentRow(**agreed, granted_on=TODAY - chance.randint(0, 30) * DAY))
        for _ in range(chance.randint(0, 2)):
            tx.add(PairVisitRow(**visit(world, row.id, TODAY - chance.randint(0, 39) * DAY)))


def window(row: ElderRow, day: date, chance: random.Random) -> dict[str, Any]:
    opens = at_local(day, NOW.time().replace(hour=7))
    state = chance.choice(list(WindowState))
    seen = chance.choice((None, opens + chance.randint(0, 400) * MINUTE))
    times = {"opens_at": opens, "due_at": opens + 120 * MINUTE, "grace_until": opens + 180 * MINUTE, "seen_at": seen}
    return times | {
        "id": new_id(),
        "grid_id": row.grid_id,
        "day": day,
        "slot": Slot.MORNING.value,
        "state": state.value,
        "sign": "curtain",
        "tier": "b",
        "version": 1,
    }


def incident(world: World, number: int, day: date, window_id: UUID, chance: random.Random) -> dict[str, Any]:
    opened = at_local(day, NOW.time().replace(hour=chance.choice((0, 9, 23))))
    at_the_door = chance.choice((None, opened - MINUTE, opened + chance.randint(0, 90) * MINUTE))
    told: dict[str, Any] = {"id": new_id(), "number": number, "window_id": window_id, "ladder": [], "version": 1}
    told |= {"state": chance.choice(("resolved", "withdrawn")), "step": chance.randint(0, 2), "opened_at": opened}
    ended = {"found": "safe_home", "method": "seen", "closed_by": world.coordinator.user_id}
    return told | ended | {"cause": "closed", "severity": 2, "on_scene_at": at_the_door}


def visit(world: World, elder_id: UUID, day: date) -> dict[str, Any]:
    by = {"by_id": world.volunteer.user_id, "recorded_by": world.coordinator.user_id}
    return {"id": new_id(), "community_id": world.community, "elder_id": elder_id, "visited_on": day, **by}


def watched(world: World, seed: int) -> None:
    chance = random.Random(seed)
    known = db.read(lambda s: s.query(ElderRow).count())
    homes = (world.building, world.building, world.other_grid)
    joined = NOW - 30 * DAY
    people = [enrolled(world, known + n, area_id=home, now=joined) for n, home in enumerate(homes, 1)]
    leaves: dict[str, Any] = {"actor": world.coordinator, "reason": LeaveReason.OTHER, "now": NOW}
    db.run(elders.leave, **leaves, elder_id=people[0].id, expected_version=1, key=str(new_id()))
    db.run(lived, world, chance, people)
    db.run(stat_rebuild.rebuild)
    db.read(check, world, CHECKINS)


@quickly
@given(seed=seeds)
def test_whatever_was_seen_a_figure_opens_to_as_many_rows(world: World, seed: int) -> None:
    watched(world, seed)


@pytest.mark.pg
def test_whatever_was_seen_a_figure_opens_to_as_many_rows_on_postgresql(pg_world: World) -> None:
    watched(pg_world, 7)


@pytest.fixture
def pg_world(db_postgres_once: Settings) -> World:
    return make_world()


# --- points -----------------------------------------------------------------------------------------------------


def traded(world: World, seed: int) -> None:
    chance = random.Random(seed)
    people = [earning.person(world, f"住户{new_id()}") for _ in range(2)]
    soap = earning.item(world, left=30, name=f"洗衣液{new_id()}")
    for _ in range(6):
        now, who = NOW - chance.randint(0, 60) * DAY, chance.choice(people)
        try:
            wish = chance.choice(("serve", "serve", "suggest", "redeem", "hold"))
            if wish == "serve":
                earning.confirmed(world, who, area_id=chance.choice((world.building, world.grid)), now=now)
            elif wish == "suggest":
                earning.confirmed(world, who, kind=RecordKind.SUGGESTION, now=now)
            else:
                order = earning.redeem(world, who, soap, now=now)
                if wish == "redeem":
                    earning.step(shop.fulfil, order, world.colleague, now=now)
        except Refused:
            continue
    db.run(expiry.expire_due, now=NOW + chance.choice((0, 800)) * DAY)
    db.read(check, world, POINTS)
    db.read(check, world, POINTS, "coordinator")


@quickly
@given(seed=seeds)
def test_whatever_was_earned_and_spent_a_figure_opens_to_rows_of_as_much(world: World, seed: int) -> None:
    traded(world, seed)


@pytest.mark.pg
def test_whatever_was_earned_and_spent_a_figure_opens_to_rows_of_as_much_on_postgresql(pg_world: World) -> None:
    traded(pg_world, 7)


# --- who sees what ----------------------------------------------------------------------------------------------


def test_a_leaders_rows_name_nobody_and_lead_to_nobody(world: World) -> None:
    someone, at = earning.person(world), NOW - 3 * DAY
    earning.confirmed(world, someone, now=at)
    watched(world, 3)

    def read(session: Session, who: str, code: str, part: str = NUMERATOR) -> list[StatRow]:
        call: dict[str, Any] = {"area_id": world.community, "start": TODAY - 40 * DAY, "end": TODAY}
        scope = stats.scope_of(session, actor=world.actors[who], **call)
        return list(every_row(session, world, scope, code, part, who))

    for code in ("points_awarded", "points_balance", "service_hours", "not_looked", "visit_rate"):
        part = DENOMINATOR if code == "visit_rate" else NUMERATOR
        leaders, offices = db.read(read, "leader", code, part), db.read(read, "coordinator", code, part)
        assert len(leaders) == len(offices) > 0
        assert all(row.link for row in offices), code
        told = " ".join(f"{row.no} {row.title} {row.link}" for row in leaders)
        assert not any(mark in told for mark in ("L00", str(someone), someone.hex[-6:], "account", "elder", "王奶奶"))


def test_a_row_leads_to_the_posting_and_the_window_it_is(world: World) -> None:
    someone, elder = earning.person(world), enrolled(world, now=NOW - 30 * DAY)
    earning.confirmed(world, someone, now=NOW)
    raised = db.run(two_missed, world, elder.id)

    def read(session: Session, code: str) -> list[StatRow]:
        call: dict[str, Any] = {"area_id": world.community, "start": TODAY - DAY, "end": TODAY}
        scope = stats.scope_of(session, actor=world.coordinator, **call)
        return list(every_row(session, world, scope, code, NUMERATOR, "coordinator"))

    (posting,) = db.read(read, "points_awarded")
    assert (posting.no, posting.title, posting.amount) == ("第 1 笔", "服务奖励", 20)
    assert posting.link == f"/points?community={world.community}&account={someone}"
    incident, link = db.read(read, "incidents")[0], f"/checkins?incident={raised}"
    assert (incident.no, incident.link) == ("Y0001", link)
    assert {look.link for look in db.read(read, "not_looked")} == {link, f"/checkins?elder={elder.id}"}


def two_missed(tx: Session, world: World, elder_id: UUID) -> UUID:
    """Nobody looked yesterday and today; today that raised an incident, whose id is given."""
    row, chance = tx.get_one(ElderRow, elder_id), random.Random(1)
    one = {"community_id": world.community, "elder_id": row.id, "area_path": row.area_path}
    looks = [window(row, day, chance) | {"state": "alarm", "seen_at": None} for day in (TODAY - DAY, TODAY)]
    tx.add_all([CheckWindowRow(**one, **look) for look in looks])
    raised = incident(world, 1, TODAY, looks[1]["id"], chance) | {"state": "resolved"}
    tx.add(IncidentRow(**one, **raised))
    made: UUID = raised["id"]
    return made
