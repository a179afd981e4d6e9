"""What is wrong with one elder's row keeps nobody else waiting, and no call for help gets lost in what is open."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

import db
from db import absences, handovers, looks, window_plans, windows
from db.elders import Elder
from db.models import AreaRow, IncidentRow
from domain.care import AbsenceKind, Look, Slot, Source, WindowState
from domain.errors import Busy
from domain.ids import new_id, new_key
from domain.incidents import Cause, IncidentState
from jobs import care
from jobs import windows as job
from jobs.taking import take
from tests.builders import World
from tests.db import alarming
from tests.db.caring import TODAY, TOMORROW, at, elder, incidents, look, made_day, sweep, window

EIGHT = at(TOMORROW, 8)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def press(elder_id: Any, when: Any) -> None:
    call: dict[str, Any] = {"look": Look.HELP, "source": Source.ELDER, "observation_id": new_id()}
    db.run(looks.observe, actor=None, elder_id=elder_id, at=when, now=when, **call)


def test_what_fails_is_passed_over_told_and_tried_again() -> None:
    ids = [new_id() for _ in range(3)]
    taken: list[Any] = []

    def move(*, limit: int = 0, only: Any = None) -> int:
        if only in (None, ids[0]):
            raise ValueError
        taken.append(only)
        return 1

    with pytest.raises(ValueError):
        take(move, lambda: ids, 25)
    assert taken == ids[1:]


def test_a_database_that_is_busy_is_no_fault_of_a_row() -> None:
    def move(**_some: Any) -> int:
        raise Busy

    with pytest.raises(Busy):
        take(move, lambda: pytest.fail("one by one they would wait even longer"), 25)


def two_with_alarms(world: World) -> tuple[Elder, Elder]:
    """Give two elders whose curtains were closed; the ladder of the first one's incident can't be read."""
    bad, good = elder(world, 1), elder(world, 2)
    made_day()
    for one in (bad, good):
        look(world.volunteer, one.id, Look.CLOSED, EIGHT)
    broken = update(IncidentRow).where(IncidentRow.elder_id == bad.id).values(ladder=[{}])
    db.run(lambda tx: tx.execute(broken))
    return bad, good


def test_a_ladder_that_can_t_be_read_holds_up_no_other_incident(world: World) -> None:
    both = two_with_alarms(world)

    with pytest.raises(KeyError):
        care.run(EIGHT + 11 * MINUTE)

    assert [incidents(one.id)[0].step for one in both] == [0, 1]


def test_the_audit_sets_the_others_going_though_one_can_t_be(any_world: World) -> None:
    both = two_with_alarms(any_world)

    with pytest.raises(KeyError):
        care.audit(EIGHT + 15 * MINUTE)

    assert [incidents(one.id)[0].step for one in both] == [0, 1]


def test_an_offer_that_can_t_be_settled_holds_up_no_other_and_no_absence(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = elder(any_world, 1), elder(any_world, 2, primary="building_head")
    made_day()
    for who in (any_world.volunteer, any_world.building_head):
        call: dict[str, Any] = {"day": TOMORROW, "slot": Slot.MORNING, "to_id": any_world.volunteer2.user_id}
        db.run(handovers.offer, actor=who, **call, key=new_key(), now=at(TODAY, 12))
    repoints = window_plans.repoint_round

    def repoint(tx: Any, user_id: Any, *call: Any, **more: Any) -> int:
        if user_id == any_world.volunteer.user_id:
            raise ValueError
        return repoints(tx, user_id, *call, **more)

    ended: list[Any] = []

    def close_due(_tx: Any, **_call: Any) -> int:
        ended.append(1)
        return 0

    monkeypatch.setattr(window_plans, "repoint_round", repoint)
    monkeypatch.setattr(absences, "close_due", close_due)
    with pytest.raises(ValueError):
        job.settle(EIGHT)

    lookers = [window(one.id).looker_id for one in (first, second)]
    assert lookers == [any_world.volunteer.user_id, any_world.volunteer2.user_id]
    assert ended == [1]


def test_an_elder_in_a_building_that_was_closed_is_missed_like_any_other(world: World) -> None:
    one = elder(world)
    made_day()
    closed = update(AreaRow).where(AreaRow.id == world.building).values(valid_to=at(TODAY, 20))
    db.run(lambda tx: tx.execute(closed))

    care.run(at(TOMORROW, 10))

    assert [i.cause for i in incidents(one.id)] == [Cause.NOT_LOOKED]


def test_a_community_whose_windows_can_t_be_made_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = elder(world)
    makes, broken = windows.make_day, new_id()

    def make_day(tx: Any, **call: Any) -> int:
        if call["community_id"] == broken:
            raise ValueError
        return makes(tx, **call)

    monkeypatch.setattr(windows, "make_day", make_day)
    monkeypatch.setattr(job, "by_community", lambda _session: [broken, world.community])
    with pytest.raises(ValueError):
        job.make(at(TODAY, 19))
    assert window(one.id).state == WindowState.SCHEDULED

    monkeypatch.undo()
    assert job.make(at(TODAY, 19, 1)) == 0  # it was left to be done, and now it is


def test_a_call_for_help_outlives_the_undo_of_the_look_it_joined(any_world: World) -> None:
    one = elder(any_world)
    made_day()
    alarming.channel(any_world)
    seen = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)
    press(one.id, EIGHT + 4 * SECOND)

    call: dict[str, Any] = {"observation_id": seen.observation_id, "undo_id": new_id()}
    db.run(looks.undo, actor=any_world.volunteer, **call, now=EIGHT + 8 * SECOND)

    (held,) = incidents(one.id)
    assert (held.state, held.cause, held.severity) == (IncidentState.DETECTED, Cause.BUTTON, 1)
    assert [m.body["cause"] for m in alarming.messages()] == ["未见平安信号", "求助"]


def test_an_absence_taken_back_before_grace_is_over_excuses_no_longer(world: World) -> None:
    one = elder(world)
    made_day()
    call: dict[str, Any] = {"kind": AbsenceKind.FAMILY, "from_at": at(TOMORROW, 1), "until_at": at(TOMORROW, 20)}
    who: dict[str, Any] = {"actor": world.coordinator, "key": new_key()}
    told = db.run(absences.report, elder_id=one.id, **call, **who, told_by="家属", now=at(TODAY, 20))

    who["key"] = new_key()
    db.run(absences.cancel, absence_id=told.id, expected_version=told.version, **who, now=at(TOMORROW, 9, 10))

    assert window(one.id).state == WindowState.UNCHECKED
    sweep(at(TOMORROW, 10))
    assert [i.cause for i in incidents(one.id)] == [Cause.NOT_LOOKED]
