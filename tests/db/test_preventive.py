"""未诉先办: one place has one preventive ticket at a time, however many begin one."""

from typing import Any

import pytest
from sqlalchemy import func, select

import db
from db import tickets
from db.models import TicketRow
from domain.errors import WrongState
from domain.ids import new_key
from domain.tickets import Channel, Kind, Ticket
from tests.builders import NOW, World, report, step
from tests.db.acting import at_once, refusals


def prevent(world: World, key: str = "", who: str = "coordinator", **more: Any) -> Ticket:
    call: dict[str, Any] = {"area_id": world.building, "title": "3号楼 下水反复堵塞，提前排查", "key": key or new_key()}
    call |= {"kind": Kind.PREVENTIVE, "channel": Channel.PATROL, "now": NOW}
    return db.run(tickets.report, actor=world.actors[who], **(call | more))


def count() -> int:
    query = select(func.count()).select_from(TicketRow).where(TicketRow.kind == Kind.PREVENTIVE.value)
    return db.read(lambda session: session.scalar(query)) or 0


def test_a_second_one_for_the_place_is_refused_with_the_first_ones_number(any_world: World) -> None:
    first = prevent(any_world)
    report(any_world)  # what residents report there is no obstacle

    with pytest.raises(WrongState, match=first.no):
        prevent(any_world, who="colleague")

    prevent(any_world, area_id=any_world.grid)  # another place
    step(tickets.cancel, first, any_world.coordinator, note="已经修好")
    assert prevent(any_world).no != first.no


def test_the_same_key_gives_the_first_one_again(any_world: World) -> None:
    key = new_key()

    assert prevent(any_world, key).id == prevent(any_world, key).id


def test_of_many_that_begin_one_at_once_one_goes_through(any_world: World) -> None:
    results = at_once(*[lambda: prevent(any_world)] * 4)

    assert [type(one) for one in refusals(results)] == [WrongState] * 3
    assert count() == 1


def test_one_form_sent_many_times_at_once_makes_one(any_world: World) -> None:
    key = new_key()

    results = at_once(*[lambda: prevent(any_world, key)] * 4)

    assert len({one.id for one in results}) == count() == 1
