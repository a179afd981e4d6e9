"""Several tickets read together: in the order asked for, in one statement, nothing out of sight."""

from sqlalchemy import event
from sqlalchemy.orm import Session

import db
from db import several
from db.ticket_events import load
from domain.ids import new_id
from domain.tickets import Ticket
from tests.builders import World, assigned, report


def test_several_are_read_at_once_in_their_order_and_only_those_in_sight(world: World) -> None:
    held = [report(world), assigned(world), report(world, title="三")]
    elsewhere = report(world, actor=world.stranger, area_id=world.other_community)
    asked = [ticket.id for ticket in (*reversed(held), elsewhere)] + [new_id()]
    said: list[str] = []

    def read(session: Session) -> list[Ticket]:
        event.listen(session.connection(), "before_cursor_execute", lambda *call: said.append(call[2]))
        return several.tickets_of(session, actor=world.coordinator, ids=asked)

    found = db.read(read)

    assert found == [db.read(load, actor=world.coordinator, ticket_id=ticket.id) for ticket in reversed(held)]
    assert len(said) == 1
