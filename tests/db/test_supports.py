"""同类反映: one more resident on a ticket. What every step keeps is tested in test_tickets and test_matrix."""

import pytest
from sqlalchemy import delete, func, select

import db
from db import fsck, people, supports
from db.board import board
from db.models import TicketSupportRow
from db.ticket_detail import detail
from db.ticket_filters import Filters
from domain.due import Matter
from domain.errors import Changed, Invalid, NotFound, Refused, WrongState
from domain.ids import new_id, new_key
from domain.people import Purpose
from domain.tickets import Action, Channel, Kind, Status, Ticket
from tests.builders import NOW, World, report, step
from tests.db.acting import at, at_once, do, refusals
from tests.db.checks import dump, events_of, faults

WHO = {"name": "何婆婆", "phone": "139 8765 4321"}


def support_count(ticket: Ticket) -> int:
    query = select(func.count()).select_from(TicketSupportRow).where(TicketSupportRow.ticket_id == ticket.id)
    return db.read(lambda session: session.scalar(query)) or 0


def test_joining_leaves_an_event_a_note_and_the_reporter(any_world: World) -> None:
    ticket = report(any_world, reporter_name="张三")

    after = step(supports.add, ticket, any_world.coordinator, **WHO, channel=Channel.WECHAT, note="三楼也不亮")
    told = db.read(detail, actor=any_world.coordinator, ticket_id=ticket.id, now=NOW)

    assert (after.version, after.status) == (2, Status.REPORTED)
    [one] = told.supporters
    assert one.person
    assert (one.person.name, one.person.phone, one.channel, one.at) == ("何**", "139****4321", Channel.WECHAT, NOW)
    assert [(entry.label, entry.note) for entry in told.timeline][1:] == [("同类反映", "三楼也不亮")]
    assert faults() == []
    assert db.read(lambda session: list(fsck.problems(session))) == []


def test_the_number_of_who_joined_finds_the_ticket(world: World) -> None:
    ticket = step(supports.add, report(world, reporter_phone="13800000001"), world.coordinator, **WHO)
    private = report(world, matter=Matter.PRIVATE)
    step(supports.add, private, world.coordinator, **WHO)

    def found(who: str, text: str) -> list[str]:
        shown = db.read(board, actor=world.actors[who], filters=Filters(text=text), now=NOW)
        return sorted(card.no for column in shown.columns for card in column.cards)

    assert found("coordinator", "13987654321") == [ticket.no, private.no]
    assert found("grid_worker", "13987654321") == [ticket.no]
    assert found("coordinator", "13987654322") == []


def test_no_word_of_who_joined_gets_into_the_event(world: World) -> None:
    ticket = step(supports.add, report(world), world.coordinator, **WHO, note="秘密")

    event = events_of(ticket.id)[-1]
    held = dump()

    assert (event.action, event.changes) == (Action.SUPPORT, {})
    assert not any(word in "\n".join(held["ticket_event"]) for word in ("秘密", "何婆婆", "13987654321"))


def test_who_gave_no_name_counts_each_time(world: World) -> None:
    ticket = step(supports.add, report(world), world.coordinator)

    ticket = step(supports.add, ticket, world.coordinator)

    assert support_count(ticket) == 2


def test_the_same_resident_is_counted_once(world: World) -> None:
    ticket = step(supports.add, report(world), world.coordinator, **WHO)

    with pytest.raises(Invalid, match="已经反映过"):
        step(supports.add, ticket, world.coordinator, **WHO)

    assert support_count(ticket) == 1


def test_who_reported_first_does_not_join_their_own(world: World) -> None:
    ticket = report(world, reporter_name="何婆婆", reporter_phone="13987654321")

    with pytest.raises(Invalid, match="已经反映过"):
        step(supports.add, ticket, world.coordinator, **WHO)

    assert support_count(ticket) == 0


def test_two_join_at_once_and_one_has_to_look_again(any_world: World) -> None:
    ticket = report(any_world)

    results = at_once(*[lambda: step(supports.add, ticket, any_world.coordinator, **WHO)] * 2)

    assert [type(refused) for refused in refusals(results)] == [Changed]
    assert support_count(ticket) == 1
    assert faults() == []


def test_one_key_from_two_at_once_joins_once(any_world: World) -> None:
    ticket, key = report(any_world), new_key()

    results = at_once(*[lambda: step(supports.add, ticket, any_world.coordinator, key=key, **WHO)] * 2)

    assert refusals(results) == []
    assert support_count(ticket) == 1


def test_what_has_ended_is_joined_no_more(world: World) -> None:
    with pytest.raises(WrongState, match="同类反映"):
        do(world, Action.SUPPORT, at(world, Status.CLOSED))


def test_a_volunteer_joins_nothing(world: World) -> None:
    ticket = at(world, Status.ACCEPTED, kind=Kind.SERVICE)
    before = dump()

    with pytest.raises(Refused):
        do(world, Action.SUPPORT, ticket, world.volunteer)

    assert dump() == before


def test_a_private_matter_is_joined_by_the_office_only(world: World) -> None:
    ticket = report(world, matter=Matter.PRIVATE)

    with pytest.raises(Refused):
        do(world, Action.SUPPORT, ticket, world.grid_worker)

    assert do(world, Action.SUPPORT, ticket).version == 2


def test_whoever_handles_it_may_ring_those_who_joined(world: World) -> None:
    ticket = at(world, Status.ACCEPTED, kind=Kind.SERVICE)
    ticket = do(world, Action.CLAIM, ticket, world.volunteer)
    ticket = step(supports.add, ticket, world.coordinator, **WHO)
    [one] = db.read(detail, actor=world.volunteer, ticket_id=ticket.id, now=NOW).supporters
    assert one.person
    call = {"purpose": Purpose.CONTACT, "ticket_id": ticket.id, "key": new_key(), "now": NOW}

    shown = db.run(people.reveal, actor=world.volunteer, person_id=one.person.id, **call)  # type: ignore[arg-type]

    assert shown.phone == "13987654321"


def test_nobody_beyond_the_area_finds_the_ticket_to_join(world: World) -> None:
    with pytest.raises(NotFound):
        do(world, Action.SUPPORT, report(world), world.stranger)


def test_fsck_names_a_support_without_its_event(world: World) -> None:
    ticket = report(world)
    row = TicketSupportRow(event_id=new_id(), ticket_id=ticket.id, reporter_id=None, channel="phone", at=NOW)
    db.run(lambda tx: tx.add(row))

    assert any("同类反映" in line for line in db.read(lambda session: list(fsck.problems(session))))


def test_fsck_names_a_support_that_is_lost(any_world: World) -> None:
    step(supports.add, report(any_world), any_world.coordinator, **WHO)
    db.run(lambda tx: tx.execute(delete(TicketSupportRow)))

    (line,) = db.read(lambda session: list(fsck.problems(session)))
    assert line.startswith("同类反映的记录少了它的内容：")


def test_a_card_counts_everybody_who_told_of_it(world: World) -> None:
    ticket = step(supports.add, report(world), world.coordinator, **WHO)
    ticket = step(supports.add, ticket, world.coordinator)
    report(world)

    shown = db.read(board, actor=world.coordinator, filters=Filters(), now=NOW)

    assert {card.no: card.told_by for column in shown.columns for card in column.cards} == {"E0001": 3, "E0002": 1}
