"""代录: the desk enters a whole round from a sheet of paper."""

from typing import Any

import pytest

import db
from db import looks
from domain.care import Look, Slot, WindowState
from domain.errors import NotAllowed, NotFound, WrongState
from domain.ids import new_id, new_key
from tests.builders import World
from tests.db.caring import (
    BOTH,
    DAUGHTER,
    TOMORROW,
    at,
    elder,
    look,
    made_day,
    observations,
    window,
)

EIGHT = at(TOMORROW, 8)


def test_the_desk_enters_a_round_all_there_but(any_world: World) -> None:
    ones = [elder(any_world, n, slots=BOTH, contacts=[DAUGHTER]) for n in range(4)]
    made_day()
    look(any_world.volunteer, ones[0].id, Look.OK, at(TOMORROW, 7, 30))
    call: dict[str, Any] = {
        "actor": any_world.coordinator,
        "looker_id": any_world.volunteer.user_id,
        "day": TOMORROW,
        "slot": Slot.MORNING,
        "closed": [window(ones[1].id).id],
        "unclear": [window(ones[2].id).id],
        "now": EIGHT,
    }

    for _ in range(2):
        done = db.run(looks.all_but, **call, key="sheet")
        assert len(done) in (3, 2)

    w = WindowState
    assert [window(one.id).state for one in ones] == [w.SEEN_OK, w.SEEN_CLOSED, w.UNCLEAR, w.SEEN_OK]
    assert [len(observations(one.id)) for one in ones] == [1, 1, 1, 1]
    assert observations(ones[3].id)[0].seen_by == any_world.volunteer.user_id
    assert window(ones[0].id, slot=Slot.EVENING).state == w.SCHEDULED


def test_the_desk_enters_no_round_that_has_not_begun_and_no_strange_window(world: World) -> None:
    elder(world)
    made_day()
    call: dict[str, Any] = {"actor": world.coordinator, "looker_id": world.volunteer.user_id, "day": TOMORROW}
    call |= {"slot": Slot.MORNING, "key": new_key()}

    with pytest.raises(WrongState):
        db.run(looks.all_but, **call, closed=[], now=at(TOMORROW, 6))
    with pytest.raises(NotFound):
        db.run(looks.all_but, **call, closed=[new_id()], now=EIGHT)
    with pytest.raises(NotAllowed):
        db.run(looks.all_but, **(call | {"actor": world.volunteer2}), closed=[], now=EIGHT)
