"""退单: whoever has a ticket gives it back with a word why, and it waits for somebody again."""

import pytest
from sqlalchemy import select

import db
from db import tickets
from db.models import TicketNoteRow
from domain.errors import Changed, Invalid, Refused, WrongState
from domain.ids import new_key
from domain.tickets import Action, Kind, Status, Ticket
from tests.builders import World, report, step
from tests.db.acting import at_once, do, refusals
from tests.db.checks import dump, events_of, faults, row_of


def claimed(world: World) -> Ticket:
    """A service that 赵阿姨 has taken by herself."""
    ticket = step(tickets.accept, report(world, kind=Kind.SERVICE), world.coordinator)
    return do(world, Action.CLAIM, ticket, world.volunteer)


def test_a_volunteer_gives_back_what_they_took_and_another_takes_it(any_world: World) -> None:
    ticket = claimed(any_world)

    after = step(tickets.give_back, ticket, any_world.volunteer, note="今天走不开")

    row = row_of(ticket.id)
    assert (after.status, row.handler_id, row.claimed_at, row.due_at) == (Status.ACCEPTED, None, None, ticket.due_at)
    notes = db.read(lambda session: session.scalars(select(TicketNoteRow.body)).all())
    assert notes == ["今天走不开"]
    assert do(any_world, Action.CLAIM, after, any_world.volunteer2).status is Status.IN_PROGRESS
    assert faults() == []


def test_who_was_sent_it_gives_it_back_before_taking_it_on(world: World) -> None:
    ticket = step(tickets.accept, report(world), world.coordinator)
    ticket = step(tickets.dispatch, ticket, world.coordinator, handler_id=world.grid_worker.party_id)

    after = step(tickets.give_back, ticket, world.grid_worker, note="不在我的网格")

    assert (after.status, after.handler_id, after.dispatched_by) == (Status.ACCEPTED, None, None)


def test_what_was_sent_and_taken_on_is_not_given_back(world: World) -> None:
    ticket = step(tickets.accept, report(world), world.coordinator)
    ticket = step(tickets.dispatch, ticket, world.coordinator, handler_id=world.grid_worker.party_id)
    ticket = do(world, Action.CLAIM, ticket, world.grid_worker)

    with pytest.raises(WrongState, match="转派"):
        step(tickets.give_back, ticket, world.grid_worker, note="太忙")


@pytest.mark.parametrize("who", ["coordinator", "volunteer2", "leader", "admin"])
def test_nobody_gives_back_what_is_not_in_their_hands(world: World, who: str) -> None:
    ticket = claimed(world)
    before = dump()

    with pytest.raises(Refused):
        step(tickets.give_back, ticket, world.actors[who], note="替她退")

    assert dump() == before


def test_giving_back_needs_a_word_why(world: World) -> None:
    with pytest.raises(Invalid, match="为什么退单"):
        step(tickets.give_back, claimed(world), world.volunteer, note=" ")


def test_one_form_sent_twice_gives_back_once_and_an_old_view_is_refused(world: World) -> None:
    ticket, key = claimed(world), new_key()
    seen = do(world, Action.CONTACT, ticket, world.volunteer)

    with pytest.raises(Changed):
        step(tickets.give_back, ticket, world.volunteer, note="走不开")
    results = at_once(*[lambda: step(tickets.give_back, seen, world.volunteer, note="走不开", key=key)] * 2)

    # whoever comes second finds the key; the ticket itself may already be out of their sight, as a free one it is not
    assert refusals(results) == []
    assert [event.action for event in events_of(ticket.id)].count(Action.RETURN) == 1
