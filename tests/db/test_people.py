"""People: kept once, shown masked, opened on a purpose for a while."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

import db
from db import people, tickets
from db.models import PersonRow, RevealRow
from domain.due import Matter
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused
from domain.ids import new_id, new_key
from domain.people import REVEAL_LASTS, Person, Purpose
from domain.tickets import Kind, Status, Ticket
from tests.builders import NOW, World, report, step
from tests.db.acting import at
from tests.db.checks import dump, row_of

SECOND = timedelta(seconds=1)
PHONE = "13800001234"


def person_of(ticket: Ticket) -> UUID:
    found = row_of(ticket.id).reporter_id
    assert found
    return found


def reveal(world: World, who: str, person: UUID, ticket: UUID | None = None, **more: object) -> Person:
    call = {"purpose": Purpose.CONTACT, "ticket_id": ticket, "key": new_key(), "now": NOW} | more
    return db.run(people.reveal, actor=world.actors[who], person_id=person, **call)  # type: ignore[arg-type]


@pytest.fixture
def ticket(world: World) -> Ticket:
    return report(world, reporter_name="张三", reporter_phone=PHONE)


@pytest.mark.parametrize(
    ("name", "phone", "same"),
    [
        ("张三", PHONE, True),
        ("张三 ", "138-0000-1234", True),
        ("李四", PHONE, False),  # one telephone in a family
        ("张三", "13800001235", False),
        ("张三", "", False),  # a name alone may be anybody's
        ("", PHONE, False),
    ],
)
def test_a_person_is_known_again_by_name_and_phone_together(
    world: World, ticket: Ticket, name: str, phone: str, same: bool
) -> None:
    again = report(world, reporter_name=name, reporter_phone=phone)

    assert (person_of(again) == person_of(ticket)) is same


def test_two_of_one_name_without_a_phone_are_two_people(world: World) -> None:
    first, second = (report(world, reporter_name="张三") for _ in range(2))

    assert person_of(first) != person_of(second)


def test_a_phone_without_a_name_is_known_again(world: World) -> None:
    first, second = (report(world, reporter_phone=PHONE) for _ in range(2))

    assert person_of(first) == person_of(second)


def test_a_person_of_another_community_is_another_person(world: World, ticket: Ticket) -> None:
    there = {"actor": world.stranger, "area_id": world.other_community}
    other = report(world, reporter_name="张三", reporter_phone=PHONE, **there)

    assert person_of(other) != person_of(ticket)


def test_nobody_named_is_nobody_kept(world: World) -> None:
    assert row_of(report(world).id).reporter_id is None


@pytest.mark.parametrize("who", ["coordinator", "grid_worker", "leader", "volunteer"])
def test_a_person_is_masked_for_everybody_at_first(world: World, ticket: Ticket, who: str) -> None:
    shown = db.read(people.get, actor=world.actors[who], person_id=person_of(ticket), now=NOW)

    assert (shown.name, shown.phone, shown.revealed_until) == ("张*", "138****1234", None)


def test_a_person_is_not_there_for_another_community(world: World, ticket: Ticket) -> None:
    with pytest.raises(NotFound):
        db.read(people.get, actor=world.stranger, person_id=person_of(ticket), now=NOW)


def test_a_reveal_holds_fifteen_minutes_to_the_second_for_who_asked(world: World, ticket: Ticket) -> None:
    person = person_of(ticket)

    opened = reveal(world, "coordinator", person, ticket.id)

    moments = (NOW, NOW + REVEAL_LASTS - SECOND, NOW + REVEAL_LASTS)
    shown = [db.read(people.get, actor=world.coordinator, person_id=person, now=now).name for now in moments]
    assert (opened.name, opened.phone, opened.revealed_until) == ("张三", PHONE, NOW + timedelta(minutes=15))
    assert shown == ["张三", "张三", "张*"]
    assert db.read(people.get, actor=world.colleague, person_id=person, now=NOW).name == "张*"


def test_a_reveal_is_kept_with_who_asked_and_why(world: World, ticket: Ticket) -> None:
    reveal(world, "coordinator", person_of(ticket), ticket.id, purpose=Purpose.VISIT)

    kept = db.read(lambda s: s.execute(select(RevealRow.user_id, RevealRow.purpose, RevealRow.ticket_id)).one())
    assert tuple(kept) == (world.coordinator.user_id, "visit", ticket.id)


def test_a_reveal_sent_twice_is_kept_once(world: World, ticket: Ticket) -> None:
    person = person_of(ticket)
    reveal(world, "coordinator", person, key="k")
    reveal(world, "coordinator", person, key="k", now=NOW + SECOND)

    assert len(db.read(lambda s: s.scalars(select(RevealRow.id)).all())) == 1
    with pytest.raises(KeyReused):
        reveal(world, "coordinator", person, key="k", purpose=Purpose.VISIT)


@pytest.mark.parametrize("who", ["grid_worker", "building_head", "grid_lead"])
def test_the_field_opens_a_person_only_through_an_open_ticket_of_theirs(world: World, ticket: Ticket, who: str) -> None:
    person = person_of(ticket)
    elsewhere = report(world, area_id=world.other_grid, reporter_name="张三", reporter_phone=PHONE)
    another = report(world, reporter_name="李四")
    closed = at(world, Status.CLOSED, reporter_name="张三", reporter_phone=PHONE)
    private = report(world, reporter_name="张三", reporter_phone=PHONE, matter=Matter.PRIVATE)
    assert person_of(elsewhere) == person_of(closed) == person_of(private) == person
    before = dump()

    for through in (None, new_id(), elsewhere.id, another.id, closed.id, private.id):
        with pytest.raises((NotAllowed, NotFound)):
            reveal(world, who, person, through)

    assert dump() == before
    assert reveal(world, who, person, ticket.id).phone == PHONE


@pytest.mark.parametrize("who", ["volunteer", "leader", "admin", "stranger", "other_grid_worker"])
def test_others_open_nobody(world: World, ticket: Ticket, who: str) -> None:
    before = dump()

    for through in (None, ticket.id):
        with pytest.raises((NotAllowed, NotFound)):
            reveal(world, who, person_of(ticket), through)

    assert dump() == before


def test_a_screen_that_only_reads_opens_nobody(world: World, ticket: Ticket) -> None:
    world.actors["coordinator"] = replace(world.coordinator, read_only=True)

    with pytest.raises(NotAllowed):
        reveal(world, "coordinator", person_of(ticket), ticket.id)


def test_an_office_of_one_grid_opens_only_what_its_tickets_name(world: World, ticket: Ticket) -> None:
    grant = replace(world.other_grid_worker.grants[0], role=world.coordinator.grants[0].role)
    world.actors["half"] = replace(world.colleague, grants=(grant,))

    with pytest.raises((NotAllowed, NotFound)):
        reveal(world, "half", person_of(ticket), ticket.id)


def test_the_office_corrects_a_person_and_they_are_found_by_the_new_number(world: World, ticket: Ticket) -> None:
    call = {"person_id": person_of(ticket), "name": "张三丰", "phone": "139 0000 0001", "address": "3号楼", "now": NOW}
    db.run(people.change, actor=world.coordinator, expected_version=1, **call)  # type: ignore[arg-type]

    found = db.read(people.look_up, actor=world.coordinator, text="13900000001", now=NOW)
    assert [p.name for p in found] == ["张**"]
    assert db.read(people.look_up, actor=world.coordinator, text=PHONE, now=NOW) == []
    with pytest.raises(Changed):
        db.run(people.change, actor=world.coordinator, expected_version=1, **call)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        db.run(people.change, actor=world.grid_worker, expected_version=2, **call)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        nobody = call | {"name": " ", "phone": ""}
        db.run(people.change, actor=world.coordinator, expected_version=2, **nobody)  # type: ignore[arg-type]


@pytest.mark.parametrize(("who", "count"), [("coordinator", 1), ("stranger", 0), ("leader", 0), ("volunteer", 0)])
@pytest.mark.parametrize("text", ["张三", " 张三 ", PHONE, "+86 138-0000-1234"])
def test_people_are_found_by_whole_name_or_phone_in_ones_own_communities(
    world: World, ticket: Ticket, who: str, count: int, text: str
) -> None:
    found = db.read(people.look_up, actor=world.actors[who], text=text, now=NOW)

    assert [p.name for p in found] == ["张*"] * count


@pytest.mark.parametrize("text", ["", " ", "张", "1380000", "%", "\x00"])
def test_a_part_of_a_name_or_nothing_finds_nobody(any_world: World, text: str) -> None:
    report(any_world, reporter_name="张三", reporter_phone=PHONE)

    assert db.read(people.look_up, actor=any_world.coordinator, text=text, now=NOW) == []


def test_a_person_is_kept_sealed(world: World, ticket: Ticket) -> None:
    row = db.read(lambda s: s.execute(select(PersonRow.name, PersonRow.phone, PersonRow.name_mac)).one())

    assert all("张三".encode() not in value and PHONE.encode() not in value for value in row)


def test_a_volunteer_may_ring_whoever_they_help_and_nobody_else(world: World) -> None:
    mine = report(world, kind=Kind.SERVICE, reporter_name="张三", reporter_phone="13800000001")
    mine = step(tickets.claim, step(tickets.accept, mine, world.coordinator), world.volunteer)
    person = row_of(mine.id).reporter_id
    call = {"person_id": person, "purpose": Purpose.CONTACT, "ticket_id": mine.id, "now": NOW}

    shown = db.run(people.reveal, actor=world.volunteer, key=new_key(), **call)

    assert shown.phone == "13800000001"
    with pytest.raises(Refused):
        db.run(people.reveal, actor=world.volunteer2, key=new_key(), **call)
