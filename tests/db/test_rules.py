"""Rules of the whole installation: what may be set, and how a column's limit reaches the board."""

from typing import Any

import pytest

import db
from db import board as boards
from db import rules
from db.ticket_filters import Filters
from domain.errors import Invalid, NotAllowed
from domain.tickets import Column
from tests.builders import NOW, World, report


def limits(world: World, who: str, **narrowed: Any) -> dict[str, int]:
    read = db.read(boards.board, actor=getattr(world, who), filters=Filters(**narrowed), now=NOW)
    return {held.column.value: held.limit for held in read.columns if held.limit}


def set_limits(world: World, value: Any, who: str = "admin") -> None:
    db.run(rules.change, actor=getattr(world, who), values={"wip": value}, now=NOW)


def test_a_limit_is_seen_by_who_sees_the_whole_column(world: World) -> None:
    report(world)

    assert limits(world, "coordinator") == {}
    set_limits(world, {"todo": 15, "doing": 0})

    assert limits(world, "coordinator") == {"todo": 15}
    assert limits(world, "coordinator", community_id=world.community) == {"todo": 15}
    assert limits(world, "coordinator", mine=True) == {}


@pytest.mark.parametrize("who", ["grid_worker", "building_head", "volunteer"])
def test_who_sees_a_part_of_it_is_told_no_limit(world: World, who: str) -> None:
    set_limits(world, {"todo": 1})

    assert limits(world, who) == {}


@pytest.mark.parametrize("value", [{"done": 3}, {"todo": -1}, {"todo": 1000}, {"todo": "3"}, {"todo": True}, [3], None])
def test_a_limit_is_a_whole_number_for_a_column_with_work(world: World, value: Any) -> None:
    with pytest.raises(Invalid, match="0 到 999"):
        set_limits(world, value)


def test_only_an_administrator_sets_limits(world: World) -> None:
    with pytest.raises(NotAllowed):
        set_limits(world, {"todo": 3}, "coordinator")


def test_columns_with_limits_are_columns_of_the_board() -> None:
    assert set(rules.LIMITED) < set(Column)
