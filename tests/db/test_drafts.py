"""Drafts: one a person and form, closed to everybody else, and gone with what was sent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import db
from db import drafts, tickets
from db.models import ChangeStampRow, DraftRow
from domain.access import Actor
from domain.errors import Refused
from domain.ids import new_key
from jobs import nightly
from tests.builders import NOW, World, report
from tests.db.acting import at_once, refusals
from tests.db.checks import dump

FORM, TYPED = "new-ticket", {"name": "何婆婆", "phone": "13987654321", "title": "楼道灯坏了"}


def save(actor: Actor, **values: str) -> None:
    db.run(drafts.save, actor=actor, form=FORM, values=TYPED | values, now=NOW)


def kept(actor: Actor) -> Any:
    found = db.read(drafts.find, actor=actor, form=FORM)
    return found and found.values


def test_a_draft_is_there_as_it_was_last_left(any_world: World) -> None:
    save(any_world.coordinator)
    save(any_world.coordinator, title="楼道灯不亮了")

    assert kept(any_world.coordinator) == TYPED | {"title": "楼道灯不亮了"}
    assert len(dump()["draft"]) == 1


def test_a_draft_is_seen_by_its_writer_only(world: World) -> None:
    save(world.coordinator)

    assert kept(world.colleague) is None
    assert db.read(drafts.find, actor=world.coordinator, form="another") is None


def test_no_typed_word_lies_open_in_the_database(world: World) -> None:
    save(world.coordinator)

    everything = "\n".join(row for rows in dump().values() for row in rows)
    assert not any(word in everything for word in TYPED.values())


def test_saving_a_draft_disturbs_no_board(world: World) -> None:
    report(world)
    stamps = select(ChangeStampRow.stamp)
    before = db.read(lambda session: session.scalars(stamps).all())

    save(world.coordinator)

    assert db.read(lambda session: session.scalars(stamps).all()) == before


def test_two_windows_saving_at_once_keep_one_draft(any_world: World) -> None:
    results = at_once(*[lambda: save(any_world.coordinator)] * 4)

    assert refusals(results) == []
    assert len(dump()["draft"]) == 1


def test_what_was_sent_takes_its_draft_along(world: World) -> None:
    save(world.coordinator)
    call = {"actor": world.coordinator, "area_id": world.building, "title": "灯", "key": new_key(), "now": NOW}

    db.run(drafts.sending(tickets.report, FORM), **call)

    assert kept(world.coordinator) is None


def test_what_was_refused_keeps_its_draft(world: World) -> None:
    save(world.coordinator)
    call = {"actor": world.coordinator, "area_id": world.building, "title": "", "key": new_key(), "now": NOW}

    with pytest.raises(Refused):
        db.run(drafts.sending(tickets.report, FORM), **call)

    assert kept(world.coordinator) == TYPED


def test_a_screen_that_only_reads_leaves_no_draft(world: World) -> None:
    save(replace(world.coordinator, read_only=True))

    assert dump()["draft"] == []


def test_a_draft_that_the_key_does_not_open_counts_as_none(world: World) -> None:
    save(world.coordinator)
    db.run(lambda tx: setattr(tx.scalars(select(DraftRow)).one(), "body", b"\x02k1" + b"0" * 40))

    assert kept(world.coordinator) is None


def test_each_night_drops_what_nobody_came_back_to_for_a_week(world: World) -> None:
    save(world.coordinator)

    nightly.drop_drafts(NOW + timedelta(days=7))
    there = kept(world.coordinator)
    nightly.drop_drafts(NOW + timedelta(days=8))

    assert there == TYPED
    assert kept(world.coordinator) is None
