"""A history in memory keeps to the table: what the commands would refuse, it refuses too."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from demo import people, places
from demo.cases import Cases, Weather
from demo.chance import Chance
from demo.histories import History
from demo.people import Census
from demo.plan import PLANS
from demo.texts import THEMES, theme
from domain.errors import WrongState
from domain.replay import Event, broken_steps
from domain.tickets import Action, Channel, Status
from settings import Settings

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
CATEGORIES = {(t.top, t.child): UUID(int=n) for n, t in enumerate(THEMES, 1)}


@pytest.fixture
def cases(db_sqlite: Settings) -> Cases:
    plan, chance = PLANS["demo"], Chance("test")
    street = places.build(chance, NOW, grids=plan.grids, buildings=plan.buildings)
    team = people.form_teams(Census(chance, NOW, CATEGORIES), street, plan.shares)[0]
    return Cases(team, CATEGORIES, Weather(frozenset()), chance)


def begin(cases: Cases, title: str) -> History:
    return History(cases.of(theme(title), channel=Channel.PHONE), cases.team, cases.chance, NOW)


def test_the_systems_alert_starts_as_accepted_and_the_table_allows_it(cases: Cases) -> None:
    alert = begin(cases, "{code} 未见平安信号，请核实")

    told = alert.events[0]
    event = Event(1, Action.REPORT, None, Status(told["to_status"]), 1, None, NOW, {}, "", told["hash"])
    assert (told["to_status"], told["actor_id"]) == ("accepted", None)
    assert broken_steps([event]) == []


def test_a_step_that_does_not_lead_on_is_refused_and_leaves_no_event(cases: Cases) -> None:
    lamp = begin(cases, "楼道灯坏了")

    with pytest.raises(WrongState):
        lamp.resolve(NOW + timedelta(minutes=5))

    assert len(lamp.events) == 1


def test_who_is_urged_is_not_urged_again_the_same_day(cases: Cases) -> None:
    lamp = begin(cases, "楼道灯坏了")
    lamp.urge(NOW + timedelta(hours=1))

    with pytest.raises(WrongState, match="24 小时内已催办过"):
        lamp.urge(NOW + timedelta(hours=20))
