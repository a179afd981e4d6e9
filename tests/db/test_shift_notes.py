"""交接班: what one shift leaves to the next, read by somebody else, its words encrypted."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

import db
from db import incidents, shift_notes
from db.models import AbsenceRow, ShiftNoteRow
from domain.errors import Changed, Invalid, KeyReused, NotAllowed
from domain.ids import new_id
from domain.incidents import Found, Method
from tests.builders import NOW, World
from tests.db.acting import at_once, refusals
from tests.db.alarming import MINUTE, alarm, elder, step

WORDS = "张桂芳上午去了医院，女儿陪着"


def leave(world: World, **changes: Any) -> shift_notes.ShiftNote:
    call: dict[str, Any] = {"actor": world.coordinator, "community_id": world.community, "body": WORDS, "key": "n"}
    return db.run(shift_notes.write, **(call | {"now": NOW} | changes))


def test_a_note_is_read_in_full_by_the_desk_and_lies_encrypted(any_world: World) -> None:
    left = leave(any_world)

    assert (left.body, left.by_name, left.read_by) == (WORDS, "李敏", None)
    kept = db.read(lambda s: s.scalars(select(ShiftNoteRow.body)).one())
    assert "张桂芳".encode() not in kept
    (shown,) = db.read(shift_notes.listed, actor=any_world.colleague, community_id=any_world.community)
    assert shown == left


def test_the_next_shift_takes_over_once_and_never_from_itself(any_world: World) -> None:
    left = leave(any_world)
    with pytest.raises(NotAllowed, match="两个人"):
        db.run(shift_notes.take_over, actor=any_world.coordinator, note_id=left.id, now=NOW)

    results = at_once(
        lambda: db.run(shift_notes.take_over, actor=any_world.colleague, note_id=left.id, now=NOW),
        lambda: db.run(shift_notes.take_over, actor=any_world.secretary, note_id=left.id, now=NOW),
    )

    (second,) = refusals(results)
    assert isinstance(second, Changed)
    (first,) = [one for one in results if isinstance(one, shift_notes.ShiftNote)]
    assert first.read_by_name in ("何静", "周书记")


def test_what_is_open_who_is_away_and_what_happened_since_the_last_note(world: World) -> None:
    leave(world, now=NOW - 60 * MINUTE)
    still = alarm(world, elder(world, 1), now=NOW - MINUTE)
    done = alarm(world, elder(world, 2), now=NOW - 2 * MINUTE)
    step(incidents.resolve, done, world.coordinator, found=Found.SAFE_HOME, method=Method.SEEN)
    away = {"id": new_id(), "elder_id": elder(world, 3), "kind": "family", "state": "confirmed", "told_by": "家属"}
    until = {"from_at": NOW - MINUTE, "until_at": NOW + timedelta(days=2), "reported_by": world.coordinator.user_id}
    row = {**away, **until, "community_id": world.community}
    db.run(lambda tx: tx.execute(insert(AbsenceRow).values(**row)) and None)

    now = db.read(shift_notes.standing, actor=world.colleague, community_id=world.community, now=NOW)

    assert (now.opened, now.closed, [one.no for one in now.running]) == (2, 1, [still.no])
    assert [(one.code, one.until_at) for one in now.away] == [("L0003", NOW + timedelta(days=2))]


def test_a_note_sent_twice_is_one_and_an_empty_one_is_none(world: World) -> None:
    assert leave(world) == leave(world)
    with pytest.raises(KeyReused):
        leave(world, body="别的")
    with pytest.raises(Invalid, match="无异常"):
        leave(world, body="  ", key="m")


def test_nobody_but_the_desk_of_the_community_reads_or_writes_it(world: World) -> None:
    for actor in (world.volunteer, world.stranger, world.leader, world.building_head, world.admin):
        with pytest.raises(NotAllowed):
            db.read(shift_notes.listed, actor=actor, community_id=world.community)
        with pytest.raises(NotAllowed):
            leave(world, actor=actor)
