"""月探访率: who is to be visited in a month, by what is known of each; one figure on every page, one list behind it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest

import db
from db import absences, care_plans, care_register, elders, pair_visits, stats
from db.elders import Elder
from db.models import AbsenceRow, ConsentRow
from db.stat_page import DENOMINATOR
from domain.care import AbsenceKind, LeaveReason, Scope
from domain.care_register import Visits
from domain.ids import new_id, new_key
from domain.kpis import Figure
from tests.builders import NOW, World
from tests.db.caring import at, elder, enrolled

FIRST, TWENTIETH = date(2026, 11, 1), at(date(2026, 11, 20), 10)  # NOW is that morning


def month(world: World, now: datetime = TWENTIETH) -> Visits:
    call: dict[str, Any] = {"actor": world.coordinator, "community_id": world.community, "now": now}
    return db.read(care_register.visits, **call)


def charts(world: World, now: datetime = TWENTIETH, who: str = "leader") -> tuple[Figure, int]:
    def query(session: Any) -> tuple[Figure, int]:
        actor = world.actors[who]
        scope = stats.scope_of(session, actor=actor, area_id=world.community, start=FIRST, end=now.date())
        made = stats.figures(session, actor=actor, scope=scope, codes=["visit_rate"], now=now)["visit_rate"]
        rows = stats.rows(session, actor=actor, scope=scope, code="visit_rate", part=DENOMINATOR, now=now).rows
        return made, len(rows)

    return db.read(query)


def away(world: World, one: Elder, *spans: tuple[datetime, datetime], state: str = "confirmed") -> None:
    def write(tx: Any) -> None:
        told = {"kind": AbsenceKind.FAMILY, "told_by": "本人", "reported_by": world.coordinator.user_id}
        confirmed_by = None if state == "draft" else world.coordinator.user_id
        whose = {"community_id": world.community, "elder_id": one.id, "state": state, "confirmed_by": confirmed_by}
        for start, end in spans:
            tx.add(AbsenceRow(id=new_id(), **whose, **told, from_at=start, until_at=end))

    db.run(write)


def expect(world: World, counted: Sequence[Elder], visited: int = 0) -> None:
    held, (figure, rows) = month(world), charts(world)
    assert [entry.code for entry in held.missing] == [one.code for one in counted][visited:]
    assert (held.rate.numerator, held.rate.denominator) == (visited, len(counted))
    assert (figure.numerator, figure.denominator, rows) == (visited, len(counted), len(counted))
    assert figure.text == held.rate.text
    codes = db.read(care_register.unvisited, actor=world.coordinator, now=TWENTIETH)
    assert codes == [entry.code for entry in held.missing]


def test_on_day_twenty_every_page_names_the_same_missing(any_world: World) -> None:
    seen, missing = elder(any_world, 1), elder(any_world, 2)
    call: dict[str, Any] = {"by_id": any_world.volunteer.user_id, "by_phone": False, "now": NOW}
    for one in (seen, enrolled(any_world, 3)):  # who has not agreed may be visited, and does not count
        on: dict[str, Any] = {"elder_id": one.id, "visited_on": NOW.date(), "key": new_key()}
        db.run(pair_visits.record, actor=any_world.coordinator, **on, **call)

    expect(any_world, [seen, missing], visited=1)
    assert month(any_world).left_out == 1


def test_who_has_not_agreed_or_took_it_back_is_not_owed_a_visit(world: World) -> None:
    agreed, took_back, _never = elder(world, 1), elder(world, 2), enrolled(world, 3)
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": took_back.id, "scope": Scope.WATCH}
    db.run(care_plans.withdraw, **call, key=new_key(), now=NOW)

    expect(world, [agreed])


def test_who_left_in_the_month_is_not_owed_a_visit_in_it(world: World) -> None:
    stays, gone = elder(world, 1), elder(world, 2)
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": gone.id, "reason": LeaveReason.MOVED}
    db.run(elders.leave, **call, expected_version=gone.version, key=new_key(), now=NOW)

    expect(world, [stays])


OCTOBER, TENTH, HOME = at(date(2026, 10, 20), 8), at(date(2026, 11, 10), 8), at(date(2026, 11, 30), 18)


@pytest.mark.parametrize(
    ("spans", "state", "counts"),
    [
        ([(OCTOBER, HOME)], "confirmed", False),  # comes home on the last day
        ([(OCTOBER, TENTH), (TENTH, HOME)], "confirmed", False),  # stayed away longer, told in a second row
        ([(OCTOBER, TENTH)], "ended", True),
        ([(TENTH, HOME)], "confirmed", True),
        ([(OCTOBER, TENTH), (at(date(2026, 11, 11), 8), HOME)], "confirmed", True),  # a night at home between the two
        ([(OCTOBER, HOME)], "draft", True),  # nobody has confirmed it
    ],
)
def test_only_who_is_away_all_month_is_not_owed_a_visit(
    any_world: World, spans: list[tuple[datetime, datetime]], state: str, counts: bool
) -> None:
    there, one = elder(any_world, 1), elder(any_world, 2)
    away(any_world, one, *spans, state=state)

    expect(any_world, [there, one] if counts else [there])


def test_who_comes_home_is_owed_a_visit_though_another_stays_away(any_world: World) -> None:
    back, stays = elder(any_world, 1), elder(any_world, 2)
    away(any_world, back, (OCTOBER, TENTH))
    away(any_world, stays, (OCTOBER, HOME))

    expect(any_world, [back])


@pytest.mark.parametrize("part", [0, 1])
def test_an_absence_that_nobody_ever_confirmed_excuses_nothing_once_it_is_over(any_world: World, part: int) -> None:
    one, eighteenth = elder(any_world), at(date(2026, 11, 18), 8)
    spans = [(OCTOBER, TENTH), (TENTH, eighteenth), (eighteenth, HOME)]
    for n, span in enumerate(spans):
        away(any_world, one, span, state="draft" if n == part else "confirmed")

    assert db.run(absences.close_due, now=TWENTIETH) == 2

    expect(any_world, [one])


def test_who_is_back_early_is_owed_a_visit_again(world: World) -> None:
    one = elder(world)
    away(world, one, (OCTOBER, HOME))
    ((absence,),) = [db.read(absences.of_elder, actor=world.coordinator, elder_id=one.id)]
    call: dict[str, Any] = {"actor": world.coordinator, "absence_id": absence.id, "expected_version": absence.version}

    db.run(absences.end_early, **call, key=new_key(), now=NOW)

    expect(world, [one])


def test_a_month_that_is_over_keeps_its_figure(world: World) -> None:
    one = enrolled(world, now=at(date(2026, 11, 2), 9))
    db.run(lambda tx: tx.add(ConsentRow(id=new_id(), elder_id=one.id, scope="watch", granted_on=FIRST)))
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "reason": LeaveReason.MOVED}
    december = at(date(2026, 12, 5), 9)
    db.run(elders.leave, **call, expected_version=one.version, key=new_key(), now=december)

    def november(session: Any) -> Figure:
        scope = stats.scope_of(
            session, actor=world.leader, area_id=world.community, start=FIRST, end=date(2026, 11, 30)
        )
        return stats.figures(session, actor=world.leader, scope=scope, codes=["visit_rate"], now=december)["visit_rate"]

    assert (db.read(november).numerator, db.read(november).denominator) == (0, 1)
    assert charts(world, december)[0].denominator == 0
