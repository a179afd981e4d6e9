"""A board that was read already is given again only to who sees the same, and only while it is still so."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import db
from db import accounts, areas, board_kept, categories, parties, rules, tickets
from db import board as boards
from db.models import AreaRow, CategoryRow, PartyRow, UserRow
from db.ticket_filters import Filters
from domain.access import Actor
from domain.board import Board
from domain.due import Matter
from tests.builders import NOW, World, assigned, report, step

ALIKE = ("coordinator", "colleague", "secretary")


def look(actor: Actor, *, later: timedelta = timedelta(), **filters: Any) -> Board:
    return db.read(board_kept.board, actor=actor, filters=Filters(**filters), now=NOW + later)


def anew(actor: Actor, **filters: Any) -> Board:
    return db.read(boards.board, actor=actor, filters=Filters(**filters), now=NOW)


def test_who_sees_the_same_gets_one_reading(any_world: World) -> None:
    report(any_world)
    first = look(any_world.coordinator)

    assert all(look(getattr(any_world, who)) is first for who in ALIKE)
    assert look(any_world.coordinator, later=timedelta(minutes=1)) is not first


def test_nobody_gets_what_only_another_sees(any_world: World) -> None:
    report(any_world, matter=Matter.PRIVATE, actor=any_world.grid_worker)
    assigned(any_world)
    everybody = any_world.actors.values()
    for narrowed in ({}, {"mine": True}, {"grid_id": any_world.grid}, {"due": "late"}, {"text": "灯"}):
        for _ in range(2):
            assert [look(actor, **narrowed) for actor in everybody] == [anew(actor, **narrowed) for actor in everybody]


def _row(kind: Any, *held: Any) -> Any:
    return db.run(lambda tx: tx.scalars(select(kind).where(*held)).first())


def _renames_the_handler(world: World) -> None:
    same = {"trade": "水电", "is_unit": False, "phone": "", "active": True}
    links: dict[str, Any] = {"area_ids": frozenset(), "category_ids": frozenset()}
    call = {"actor": world.secretary, "party_id": world.wang, "expected_version": 1, "now": NOW}
    db.run(parties.change, label="王大师", **same, **links, **call)  # type: ignore[arg-type]


def _renames_the_grid(world: World) -> None:
    row = _row(AreaRow, AreaRow.id == world.grid)
    call = {"area_id": row.id, "code": row.code, "households": None, "expected_version": row.version, "now": NOW}
    db.run(areas.change, actor=world.admin, name="桂花新网格", **call)


def _renames_the_category(world: World) -> None:
    row = _row(CategoryRow, CategoryRow.name == "照明")
    call = {"category_id": row.id, "matter": None, "active": True, "expected_version": row.version, "now": NOW}
    db.run(categories.change, actor=world.admin, name="新名称", **call)


def _renames_a_user(world: World) -> None:
    row = _row(UserRow, UserRow.id == world.grid_worker.user_id)
    call = {"user_id": row.id, "name": "陈新名", "expected_version": row.version, "now": NOW}
    db.run(accounts.rename, actor=world.admin, **call)


def _limits_a_column(world: World) -> None:
    db.run(rules.change, actor=world.admin, values={"wip": {"todo": 1}}, now=NOW)


@pytest.mark.parametrize(
    "change", [_renames_the_handler, _renames_the_grid, _renames_the_category, _renames_a_user, _limits_a_column]
)
def test_what_a_board_names_is_seen_by_its_new_name_at_once(any_world: World, change: Callable[[World], None]) -> None:
    world = any_world
    category = db.run(categories.insert_category, "照明", None, None)
    report(world, category_id=category, area_id=world.grid, address="")
    assigned(world)
    party = _row(PartyRow, PartyRow.user_id == world.grid_worker.user_id)
    step(tickets.assign, report(world), world.coordinator, handler_id=party.id)
    before = look(world.coordinator)

    change(world)

    assert look(world.coordinator).columns == anew(world.coordinator).columns != before.columns


def test_every_step_is_seen_at_once(any_world: World) -> None:
    ticket = report(any_world)
    for who in ALIKE:
        assert look(getattr(any_world, who)).columns[0].cards[0].version == 1

    step(tickets.accept, ticket, any_world.coordinator)

    for who in ALIKE:
        assert look(getattr(any_world, who)).columns[0].cards[0].version == 2


def test_what_is_kept_has_a_bound(any_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_kept, "MOST_CARDS", 5)
    report(any_world)
    first = look(any_world.coordinator)
    for number in range(5):
        look(any_world.coordinator, later=timedelta(minutes=1 + number))

    assert look(any_world.coordinator) is not first
