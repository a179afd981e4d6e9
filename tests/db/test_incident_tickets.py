"""An incident and its 预警 ticket: one goes with the other, and going to the door is paid whatever was found."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

import db
from db import awards, care_incident, fsck, incidents, people, ticket_detail, tickets, visit_door
from db.models import ConsentRow, ElderRow, ServiceRecordRow, TicketRow
from db.records import record_of
from db.ticket_events import load
from db.visit_door import Door
from domain.access import Actor
from domain.clock import local_date
from domain.errors import NotAllowed, WrongState
from domain.ids import new_id
from domain.incidents import Called, Cause, Found, Incident, IncidentState, Method
from domain.people import REVEAL_LASTS, Purpose
from domain.points import RecordState
from domain.tickets import Result, Status, Ticket
from tests.builders import NOW, World
from tests.builders import step as ticket_step
from tests.db import caring
from tests.db.alarming import MINUTE, actions, alarm, elder, row_of, step
from tests.db.earning import step as record_step

DONE: dict[str, Any] = {"result": Result.SOLVED, "note": "敲开门了，在看电视"}


def ticket_of(world: World, incident: Incident) -> Ticket:
    assert incident.ticket_id is not None
    return db.read(load, world.coordinator, incident.ticket_id)


def records() -> list[ServiceRecordRow]:
    return db.run(lambda s: list(s.scalars(select(ServiceRecordRow))))


def person_of(elder_id: UUID) -> UUID:
    return db.read(lambda s: s.scalars(select(ElderRow.person_id).where(ElderRow.id == elder_id)).one())


def faults() -> list[str]:
    return db.read(lambda s: list(fsck.problems(s)))


def test_who_claims_the_ticket_has_answered_the_incident(any_world: World) -> None:
    opened = alarm(any_world)

    ticket_step(tickets.claim, ticket_of(any_world, opened), any_world.volunteer)

    row = row_of(opened)
    assert (row.acked_by, row.responder_id) == (any_world.volunteer.user_id,) * 2
    assert row.next_step_at == NOW + 15 * MINUTE
    assert actions(opened) == ["open", "ack"]


def test_who_answers_the_incident_holds_the_ticket(world: World) -> None:
    opened = step(incidents.acknowledge, alarm(world), world.grid_worker)

    held = ticket_of(world, opened)

    assert (held.status, held.handler_user_id) == (Status.IN_PROGRESS, world.grid_worker.user_id)


def test_giving_the_visit_back_lets_the_ladder_go_on_at_once(world: World) -> None:
    opened = alarm(world)
    held = ticket_step(tickets.claim, ticket_of(world, opened), world.volunteer)
    ticket_step(tickets.give_back, held, world.volunteer, note="孩子发烧")

    assert db.run(incidents.escalate, now=NOW) == 1
    assert row_of(opened).responder_id is None
    assert ticket_of(world, opened).status is Status.ACCEPTED


@pytest.mark.parametrize("found", [Found.SAFE_HOME, Found.DECEASED])
def test_a_confirmed_visit_is_paid_for_arriving_whatever_was_found(any_world: World, found: Found) -> None:
    opened = alarm(any_world)
    held = ticket_step(tickets.claim, ticket_of(any_world, opened), any_world.volunteer)
    ticket_step(tickets.resolve, held, any_world.volunteer, **DONE, now=NOW + 10 * MINUTE)
    assert row_of(opened).state == IncidentState.ON_SCENE

    step(incidents.resolve, opened, any_world.coordinator, found=found, method=Method.SEEN, now=NOW + 12 * MINUTE)

    assert ticket_of(any_world, opened).status is Status.CLOSED
    (made,) = records()
    assert (made.kind, made.state) == ("visit", RecordState.VERIFIED)
    paid = record_step(awards.confirm, record_of(made), any_world.colleague)
    assert paid.points_tenths == 20
    assert faults() == []


@pytest.mark.parametrize("noted", [False, True])
@pytest.mark.parametrize(
    ("found", "result"),
    [
        (Found.UNWELL, Result.SOLVED),
        (Found.HOSPITAL, Result.SOLVED),
        (Found.DECEASED, Result.EXPLAINED),
        (Found.NOT_FOUND, Result.UNABLE),
    ],
)
def test_only_whoever_was_helped_counts_as_solved(world: World, found: Found, result: Result, noted: bool) -> None:
    opened = alarm(world)
    if noted:
        held = ticket_step(tickets.claim, ticket_of(world, opened), world.volunteer)
        ticket_step(tickets.resolve, held, world.volunteer, **DONE)

    step(incidents.resolve, opened, world.coordinator, found=found, method=Method.SEEN, note="陈网格员明早再去")

    assert db.read(lambda s: s.get_one(TicketRow, opened.ticket_id).result_class) == result
    assert faults() == []


def test_who_claimed_and_never_arrived_is_not_paid(world: World) -> None:
    opened = alarm(world)
    ticket_step(tickets.claim, ticket_of(world, opened), world.volunteer)

    step(incidents.resolve, opened, world.coordinator, found=Found.SAFE_HOME, method=Method.TALKED)

    assert ticket_of(world, opened).status is Status.CLOSED
    assert records() == []
    assert faults() == []


def test_closed_by_telephone_the_ticket_ends_in_the_hands_of_who_telephoned(world: World) -> None:
    closed = step(incidents.resolve, alarm(world), world.coordinator, found=Found.SAFE_HOME, method=Method.TALKED)

    ended = ticket_of(world, closed)

    assert (ended.status, ended.handler_user_id) == (Status.CLOSED, world.coordinator.user_id)
    again = step(incidents.reopen, closed, world.coordinator, note="电话里不像本人")
    assert ticket_of(world, again).status is Status.IN_PROGRESS
    assert faults() == []


def test_the_ticket_cannot_end_before_it_is_said_what_was_found(world: World) -> None:
    opened = alarm(world)
    with pytest.raises(WrongState, match="平安守望"):
        ticket_step(tickets.cancel, ticket_of(world, opened), world.coordinator, note="不用了")
    held = ticket_step(tickets.claim, ticket_of(world, opened), world.volunteer)
    done = ticket_step(tickets.resolve, held, world.volunteer, **DONE)
    with pytest.raises(WrongState, match="Y0001"):
        ticket_step(tickets.close, done, world.coordinator)


def test_the_ticket_and_the_incident_tell_one_story(world: World) -> None:
    opened = alarm(world)
    db.run(incidents.escalate, now=NOW + 10 * MINUTE)
    ticket = ticket_of(world, opened)
    ticket_step(tickets.comment, ticket, world.coordinator, note="女儿说昨天通过电话", now=NOW + 11 * MINUTE)
    more: dict[str, Any] = {"reached": False, "whom": Called.ELDER, "now": NOW + 12 * MINUTE}
    step(incidents.called, opened, world.coordinator, **more)

    shown = db.read(ticket_detail.detail, actor=world.coordinator, ticket_id=ticket.id, now=NOW)

    assert [one.label for one in shown.timeline] == ["上报", "预警 Y0001 逐级通知：社区值班", "备注", "预警 Y0001 电话"]
    assert actions(opened) == ["open", "step", "note", "call"]


def test_only_an_open_incident_in_their_hands_opens_an_elder_to_who_goes_there(world: World) -> None:
    opened = alarm(world)
    person = person_of(opened.elder_id)
    call: dict[str, Any] = {"person_id": person, "ticket_id": None, "now": NOW}
    emergency = Purpose.EMERGENCY
    seen = db.run(people.reveal, actor=world.grid_worker, purpose=emergency, key="a", **call)
    assert (seen.name, seen.phone) == ("张桂芳", "13812345678")
    for actor, purpose in (
        (world.other_grid_worker, emergency),
        (world.stranger, emergency),
        (world.building_head, Purpose.VISIT),
    ):
        with pytest.raises(NotAllowed):
            db.run(people.reveal, actor=actor, purpose=purpose, key=f"b{actor.login_name}", **call)

    step(incidents.resolve, opened, world.coordinator, found=Found.SAFE_HOME, method=Method.SEEN)

    with pytest.raises(NotAllowed):
        db.run(people.reveal, actor=world.building_head, purpose=emergency, key="c", **call)


def test_who_claims_the_visit_is_told_which_door_and_on_asking_the_flat_and_whom_to_ring(world: World) -> None:
    opened = alarm(world, cause=Cause.BUTTON)
    ticket, goes = ticket_of(world, opened), world.volunteer

    def told(actor: Actor = goes) -> Door | None:
        return db.read(visit_door.door, actor=actor, ticket_id=ticket.id, now=NOW)

    with pytest.raises(NotAllowed):  # nobody has it in hand
        db.run(visit_door.open_, actor=goes, ticket_id=ticket.id, now=NOW)
    claimed = ticket_step(tickets.claim, ticket, goes)
    assert (before := told()) is not None
    assert (before.building, before.address, before.numbers) == ("3号楼", "", ())
    assert told(world.volunteer2) is None

    db.run(visit_door.open_, actor=goes, ticket_id=ticket.id, now=NOW)

    assert (after := told()) is not None
    assert [one.phone for one in after.numbers] == ["13812345678"]
    assert after.until == NOW + REVEAL_LASTS
    ticket_step(tickets.give_back, claimed, goes, note="走不开")
    assert told() is None


def door_of(actor: Actor, ticket: Ticket) -> Door | None:
    return db.read(visit_door.door, actor=actor, ticket_id=ticket.id, now=NOW)


def test_the_door_shows_nobody_without_a_record_of_it(world: World) -> None:
    """What was opened for something else, or of the elder alone, shows no contact."""
    one = caring.elder(world)
    opened = alarm(world, one.id)
    ticket, goes = ticket_of(world, opened), world.grid_worker
    step(incidents.acknowledge, opened, goes)
    call: dict[str, Any] = {"actor": goes, "person_id": person_of(one.id), "ticket_id": None, "now": NOW}

    db.run(people.reveal, purpose=Purpose.EMERGENCY, key="a", **call)
    alone = door_of(goes, ticket)
    db.run(visit_door.open_, actor=goes, ticket_id=ticket.id, now=NOW)
    both = door_of(goes, ticket)

    assert alone is not None and both is not None
    assert (alone.until, alone.address, alone.numbers) == (None, "", ())
    assert (both.address, [number.who for number in both.numbers]) == ("桂花路3号楼1室", ["老人本人", "女儿"])


def test_the_door_stays_with_whoever_is_on_the_way_whatever_a_colleague_notes(world: World) -> None:
    opened = alarm(world, cause=Cause.BUTTON)
    goes, ticket = world.volunteer, ticket_of(world, opened)
    ticket_step(tickets.claim, ticket, goes)

    now: dict[str, Any] = {"expected_version": row_of(opened).version}
    step(incidents.on_way, opened, world.coordinator, **now)
    assert row_of(opened).acked_by == world.coordinator.user_id
    assert door_of(goes, ticket) is not None
    db.run(visit_door.open_, actor=goes, ticket_id=ticket.id, now=NOW)
    emergency: dict[str, Any] = {"purpose": Purpose.EMERGENCY, "ticket_id": None, "key": "a", "now": NOW}
    assert db.run(people.reveal, actor=goes, person_id=person_of(opened.elder_id), **emergency).phone == "13812345678"

    now = {"expected_version": row_of(opened).version}
    closed = step(incidents.resolve, opened, world.coordinator, found=Found.SAFE_HOME, method=Method.SEEN, **now)
    assert door_of(goes, ticket) is None
    step(incidents.reopen, closed, world.coordinator, note="电话里不像本人")
    assert (ticket_of(world, opened).status, row_of(opened).acked_by) == (Status.IN_PROGRESS, None)
    assert door_of(goes, ticket) is not None


def test_who_left_the_community_is_told_no_door_and_not_refused_their_page(world: World) -> None:
    opened = alarm(world, cause=Cause.BUTTON)
    ticket = ticket_of(world, opened)
    ticket_step(tickets.claim, ticket, world.volunteer)
    moved = replace(world.volunteer, grants=world.stranger.grants)

    assert door_of(moved, ticket) is None
    with pytest.raises(NotAllowed):
        db.run(visit_door.open_, actor=moved, ticket_id=ticket.id, now=NOW)


def test_health_is_shown_in_an_open_incident_with_consent_for_an_emergency_and_nowhere_else(world: World) -> None:
    who = elder(world, health="青霉素过敏")
    opened = alarm(world, who)
    call: dict[str, Any] = {"actor": world.coordinator, "incident_id": opened.id, "now": NOW}
    shown: dict[str, Any] = {"person_id": person_of(who), "ticket_id": None, "now": NOW, "actor": world.coordinator}

    db.run(people.reveal, purpose=Purpose.CONTACT, key="a", **shown)
    assert db.read(care_incident.sheet, **call).health == ""
    db.run(people.reveal, purpose=Purpose.EMERGENCY, key="b", **shown)
    assert db.read(care_incident.sheet, **call).health == ""
    consent = {"id": new_id(), "elder_id": who, "scope": "health", "granted_on": local_date(NOW)}
    db.run(lambda tx: tx.execute(insert(ConsentRow).values(**consent)) and None)
    assert db.read(care_incident.sheet, **call).health == "青霉素过敏"

    step(incidents.resolve, opened, world.colleague, found=Found.SAFE_HOME, method=Method.SEEN)
    assert db.read(care_incident.sheet, **call).health == ""
