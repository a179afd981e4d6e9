"""Service records: what each step asks for, what it posts, and what a closed ticket makes by itself."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

import db
from db import award_rules, awards, fsck, records, rules
from db.models import ServiceRecordRow
from db.records import Record, record_of
from db.ticket_events import load
from domain.access import Actor
from domain.awards import DEFAULT_RULES, Rule
from domain.clock import local_date
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused, WrongState
from domain.points import Account, Method, RecordKind, RecordState
from domain.tickets import Action, Kind, Satisfaction, Status
from tests.builders import NOW, World
from tests.db.acting import at, do
from tests.db.checks import dump, row_of
from tests.db.earning import HOUR, confirmed, give, has, item, me, person, points_of, record, redeem, step, verified
from tests.db.earning import states_of as states


def found() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


def test_only_a_confirmed_record_posts_points_and_hours(any_world: World) -> None:
    who = person(any_world)
    noted = record(any_world, who)
    seen = step(records.verify, noted, any_world.colleague)
    assert has(who) == {}

    done = step(awards.confirm, seen, any_world.coordinator)

    assert has(who) == {Account.AVAILABLE: 20, Account.HOURS: 60}
    assert (done.state, done.why) == (RecordState.CONFIRMED, "11月20日 9:00 服务1小时，2分")
    assert found() == []


def test_no_step_is_taken_twice_or_out_of_turn(any_world: World) -> None:
    who = person(any_world)
    noted = record(any_world, who, draft=True)
    for command in (records.verify, awards.confirm):
        with pytest.raises(WrongState):
            step(command, noted, any_world.colleague)
    sent = step(records.submit, noted, any_world.grid_worker)
    with pytest.raises(Changed):
        step(records.reject, noted, any_world.colleague, reason="不实")
    gone = step(records.reject, sent, any_world.colleague, reason="不实")

    with pytest.raises(WrongState, match="已驳回"):
        step(awards.confirm, gone, any_world.coordinator)


def test_a_step_sent_three_times_is_taken_once(any_world: World) -> None:
    ready = verified(any_world, person(any_world))

    done = [step(awards.confirm, ready, any_world.coordinator, key="k") for _ in range(3)]

    assert len({one.version for one in done}) == 1
    assert points_of(ready.person_id) == 20
    with pytest.raises(KeyReused):
        step(awards.void, ready, any_world.coordinator, key="k", reason="不实")


STEPS: tuple[tuple[str, Any], ...] = (
    ("record", None),
    ("verify", records.verify),
    ("confirm", awards.confirm),
    ("void", awards.void),
)


@pytest.mark.parametrize("name", ["coordinator", "secretary", "grid_lead", "grid_worker"])
@pytest.mark.parametrize(("done", "command"), STEPS, ids=[name for name, _ in STEPS])
def test_nobody_has_a_hand_in_their_own_record(world: World, name: str, done: str, command: Any) -> None:
    who, other = me(world, name), {"actor": world.secretary if name != "secretary" else world.coordinator}
    before: dict[str, Any] = {"record": lambda: None, "verify": lambda: record(world, who, **other)}
    before |= {"confirm": lambda: verified(world, who, **other)}
    before |= {"void": lambda: step(awards.confirm, verified(world, who, **other), world.colleague)}
    row = before[done]()
    more = {"reason": "不实"} if done == "void" else {}

    with pytest.raises(NotAllowed):
        if command is None:
            record(world, who, actor=world.actors[name])
        else:
            step(command, row, world.actors[name], **more)


def test_whoever_noted_it_does_not_vouch_for_it(world: World) -> None:
    noted = record(world, person(world), actor=world.coordinator)

    with pytest.raises(NotAllowed, match="两个人"):
        step(records.verify, noted, world.coordinator)
    with pytest.raises(Exception, match="second_person"), db.engine.get().begin() as connection:
        connection.execute(text("UPDATE service_record SET verified_by = recorded_by"))


@pytest.mark.parametrize("name", ["volunteer", "leader", "stranger", "admin"])
def test_who_has_no_right_there_is_refused_and_nothing_is_written(world: World, name: str) -> None:
    who = person(world)
    noted, ready = record(world, who), verified(world, who, kind=RecordKind.SUGGESTION)
    before = dump()

    for refused in (
        lambda: record(world, who, actor=world.actors[name]),
        lambda: step(records.verify, noted, world.actors[name]),
        lambda: step(awards.confirm, ready, world.actors[name]),
    ):
        with pytest.raises(NotAllowed):
            refused()

    assert dump() == before


def test_a_screen_posts_nothing(world: World) -> None:
    screen = Actor(world.coordinator.user_id, "屏", None, world.coordinator.grants, read_only=True)

    with pytest.raises(NotAllowed):
        record(world, person(world), actor=screen)


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [(-60, 0, True), (-90, -30, True), (-30, 0, True), (-120, 0, True), (-120, -60, False), (-150, -60, False)],
)
def test_nobody_is_in_two_places_at_once(world: World, start: int, end: int, meets: bool) -> None:
    who = person(world)
    confirmed(world, who)
    times = {"started_at": NOW + timedelta(minutes=start), "ended_at": NOW + timedelta(minutes=end)}
    again = verified(world, who, **times)
    confirmed(world, person(world, "李爷爷"), **times)

    if not meets:
        assert step(awards.confirm, again, world.coordinator).minutes
        return
    with pytest.raises(Refused, match="11月20日 09:00到10:00"):
        step(awards.confirm, again, world.coordinator)


def test_an_interval_over_midnight_meets_the_next_morning(world: World) -> None:
    who, late = person(world), NOW + 16 * HOUR  # 02:00 in Shanghai, on a Saturday
    confirmed(world, who, started_at=late - 4 * HOUR, ended_at=late, now=late)

    with pytest.raises(Refused, match="重叠"):
        confirmed(world, who, started_at=late - HOUR, ended_at=late, now=late)


def test_hours_noted_days_later_are_hours_and_no_points(world: World) -> None:
    who, later = person(world), NOW + timedelta(days=2)
    times = {"started_at": NOW - HOUR, "ended_at": NOW, "now": later}

    plain = confirmed(world, who, **times)
    assert (plain.method, has(who)) == (Method.BACKFILL, {Account.HOURS: 60})
    assert "只计时长，不计积分" in plain.why

    other = person(world, "李爷爷")
    confirmed(world, other, evidence_sha256="a" * 64, **times)
    assert has(other) == {Account.HOURS: 60, Account.AVAILABLE: 20}

    too_late = confirmed(world, other, evidence_sha256="b" * 64, **(times | _earlier(5)))
    assert too_late.points_tenths == 0


def _earlier(days: int) -> dict[str, Any]:
    return {"started_at": NOW - timedelta(days=days) - HOUR, "ended_at": NOW - timedelta(days=days)}


def test_caps_count_the_day_and_the_kind(world: World) -> None:
    who = person(world)

    given = [confirmed(world, who, kind=RecordKind.SUGGESTION) for _ in range(3)]

    assert [one.points_tenths for one in given] == [20, 20, 0]
    assert given[-1].why == "11月20日 建议被采纳，已到每天4分的上限，0分"


def test_all_kinds_together_stay_under_the_cap_of_the_day(world: World) -> None:
    who = person(world)
    for _ in range(2):
        confirmed(world, who, kind=RecordKind.SUGGESTION)

    over = confirmed(world, who)
    assert (over.points_tenths, over.minutes) == (0, 60)
    assert over.why == "11月20日 9:00 服务1小时，已到每天各种服务合计4分的上限，0分"

    db.run(rules.change, actor=world.admin, values={"points.day_cap": 5}, now=NOW)
    other = confirmed(world, who, kind=RecordKind.VISIT, started_at=NOW - HOUR * 2, ended_at=NOW - HOUR)
    assert other.points_tenths == 10
    db.run(rules.change, actor=world.admin, values={"points.day_cap": 0}, now=NOW)
    last = confirmed(world, who, kind=RecordKind.MEDIATION, started_at=NOW - HOUR * 3, ended_at=NOW - HOUR * 2)
    assert last.points_tenths == 30


def test_a_record_can_not_lie_ahead_or_last_for_days(world: World) -> None:
    who = person(world)

    for start, end in ((NOW, NOW + HOUR), (NOW, NOW), (NOW - 25 * HOUR, NOW)):
        with pytest.raises(Invalid):
            record(world, who, started_at=start, ended_at=end)
    with pytest.raises(Invalid, match="1到200"):
        record(world, who, items=0)
    with pytest.raises(NotFound):
        record(world, person(world, community_id=world.other_community))


def test_voiding_takes_points_and_hours_back_and_owes_what_is_spent(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    done = confirmed(any_world, who)
    redeem(any_world, who, soap)

    gone = step(awards.void, done, any_world.coordinator, reason="不实")
    assert (gone.state, has(who)) == (RecordState.VOIDED, {Account.HELD: 10, Account.DEBT: -10})

    give(any_world, who)  # 2 points: 1 against the debt
    assert has(who) == {Account.HELD: 10, Account.AVAILABLE: 10}
    assert found() == []


def test_a_voiding_can_be_undone_once(any_world: World) -> None:
    who = person(any_world)
    gone = step(awards.void, confirmed(any_world, who), any_world.coordinator, reason="不实")
    assert has(who) == {}

    back = step(awards.restore, gone, any_world.secretary, reason="查明属实")

    assert has(who) == {Account.AVAILABLE: 20, Account.HOURS: 60}
    with pytest.raises(WrongState, match="已作废并恢复过一次"):
        step(awards.void, back, any_world.coordinator, reason="不实")
    assert found() == []


def test_voiding_takes_from_its_own_lot_first(world: World) -> None:
    who = person(world)
    old, new = give(world, who, 2)
    step(awards.void, old, world.coordinator, reason="不实")

    lots = db.read(lambda s: s.execute(text("SELECT remaining FROM point_lot ORDER BY id")).scalars().all())

    assert (lots, old.id != new.id) == ([0, 20], True)


def test_a_batch_confirms_what_it_can_and_says_why_not_the_rest(any_world: World) -> None:
    who = person(any_world)
    good, same = verified(any_world, who), verified(any_world, who)
    own = verified(any_world, me(any_world, "coordinator"))
    early = record(any_world, who)
    ids = [good.id, same.id, own.id, early.id]

    done = db.run(awards.confirm_many, actor=any_world.coordinator, record_ids=ids, now=NOW)
    assert (done.count, done.points_tenths) == (1, 20)
    assert {record_id for record_id, _ in done.refused} == {same.id, own.id, early.id}

    again = db.run(awards.confirm_many, actor=any_world.coordinator, record_ids=ids, now=NOW)
    assert again.count == 0
    assert found() == []


def test_a_new_version_of_a_rule_holds_from_its_day_on(any_world: World) -> None:
    who, tomorrow = person(any_world), NOW + timedelta(days=1)
    rule = Rule(RecordKind.SERVICE, per_hour=40)
    call: dict[str, Any] = {"actor": any_world.secretary, "community_id": any_world.community, "now": NOW}

    made = db.run(award_rules.change, rule=rule, valid_from=local_date(tomorrow), key="k", **call)
    assert made.version == 1
    assert made == db.run(award_rules.change, rule=rule, valid_from=local_date(tomorrow), key="k", **call)

    assert [confirmed(any_world, who).points_tenths, confirmed(any_world, who, now=tomorrow).points_tenths] == [20, 40]
    with pytest.raises(Invalid, match="今天或以后"):
        db.run(award_rules.change, rule=rule, valid_from=local_date(NOW - HOUR * 24), key="o", **call)
    with pytest.raises(NotAllowed):
        db.run(
            award_rules.change,
            rule=rule,
            valid_from=local_date(NOW),
            key="p",
            **(call | {"actor": any_world.colleague}),
        )
    by_version = db.read(award_rules.version, any_world.community, RecordKind.SERVICE, 1)
    assert (by_version.per_hour, DEFAULT_RULES[RecordKind.SERVICE].version) == (40, 0)


# --- out of tickets -----------------------------------------------------------------------------------


def closed(world: World, satisfaction: Satisfaction = Satisfaction.UNREACHED, **changes: Any) -> UUID:
    """Let 赵阿姨 take a service order, do it within the hour, and 何静 call back."""
    ticket = at(world, Status.ACCEPTED, **({"kind": Kind.SERVICE, "open_to_volunteers": True} | changes))
    ticket = do(world, Action.CLAIM, ticket, world.volunteer)
    ticket = do(world, Action.RESOLVE, ticket, world.volunteer, now=NOW + HOUR)
    do(world, Action.CLOSE, ticket, world.colleague, satisfaction=satisfaction, now=NOW + HOUR)
    return ticket.id


def records_of(ticket_id: UUID) -> list[Record]:
    query = select(ServiceRecordRow).where(ServiceRecordRow.ticket_id == ticket_id)
    return db.read(lambda s: [record_of(row) for row in s.scalars(query)])


def test_a_closed_service_order_becomes_the_volunteers_record(any_world: World) -> None:
    [made] = records_of(closed(any_world))

    assert (made.person_id, made.state, made.method) == (
        me(any_world, "volunteer"),
        RecordState.VERIFIED,
        Method.TICKET,
    )
    assert (made.started_at, made.ended_at) == (NOW, NOW + HOUR)
    assert step(awards.confirm, made, any_world.coordinator, now=NOW + HOUR).points_tenths == 20
    assert found() == []


@pytest.mark.parametrize(
    ("said", "points"),
    [
        (Satisfaction.SATISFIED, 24),
        (Satisfaction.MOSTLY, 20),
        (Satisfaction.SO_SO, 15),
        (Satisfaction.UNSATISFIED, 10),
        (Satisfaction.UNREACHED, 20),
    ],
)
def test_the_residents_word_moves_the_award_inside_its_bounds(world: World, said: Satisfaction, points: int) -> None:
    [made] = records_of(closed(world, said))

    done = step(awards.confirm, made, world.coordinator, now=NOW + HOUR)

    assert (done.points_tenths, done.minutes) == (points, 60)
    assert ("居民评价" in done.why) == (points != 20)


def test_what_staff_and_handlers_without_login_did_makes_no_record(world: World) -> None:
    ticket = at(world, Status.CLOSED, kind=Kind.SERVICE)

    assert records_of(ticket.id) == []
    assert states(me(world, "coordinator")) == []


def test_a_report_a_volunteer_dealt_with_makes_no_record(world: World) -> None:
    assert records_of(closed(world, kind=Kind.REPORT)) == []


def test_a_ticket_closed_twice_makes_one_record(world: World) -> None:
    ticket_id = closed(world)
    ticket = db.read(load, world.coordinator, ticket_id)
    ticket = do(world, Action.REOPEN, ticket, world.coordinator, now=NOW + 2 * HOUR)
    ticket = do(world, Action.RESOLVE, ticket, world.volunteer, now=NOW + 3 * HOUR)
    do(world, Action.CLOSE, ticket, world.colleague, now=NOW + 3 * HOUR)

    assert row_of(ticket_id).status == "closed"
    assert len(records_of(ticket_id)) == 1
