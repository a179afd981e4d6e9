"""What is offered to join: open, near, in one's own area, and nothing one may not read."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

import db
import db.engine
from db import similar as similars
from db.similar import Similar
from domain.due import Matter
from domain.tickets import Action, Status
from tests.builders import NOW, World, report
from tests.db.acting import at, do

LAMP: dict[str, Any] = {"address": "3号楼2单元", "title": "楼道灯不亮", "category_id": None, "now": NOW}


def offered(world: World, who: str = "coordinator", **changes: Any) -> list[Similar]:
    call = {"actor": world.actors[who], "area_id": world.building, **LAMP} | changes
    return list(db.read(similars.similar, **call))


def test_an_open_ticket_of_the_same_building_is_offered_with_its_reasons(any_world: World) -> None:
    ticket = do(any_world, Action.SUPPORT, at(any_world, Status.IN_PROGRESS))

    [found] = offered(any_world)

    assert (found.ticket_id, found.no, found.status, found.handler) == (ticket.id, "E0001", ticket.status, "王师傅")
    assert (found.version, found.told_by, found.match.strong) == (ticket.version, 2, True)
    assert found.match.reasons == ("同一栋楼", "都说到“楼道灯”", "今天反映")


@pytest.mark.parametrize("status", [Status.CLOSED, Status.REJECTED, Status.CANCELLED])
def test_what_has_ended_is_not_offered(world: World, status: Status) -> None:
    at(world, status)

    assert offered(world) == []


def test_what_is_waiting_to_be_called_back_is_offered(world: World) -> None:
    at(world, Status.RESOLVED)

    assert len(offered(world)) == 1


def test_three_are_offered_the_likeliest_first(world: World) -> None:
    far = report(world, title="楼道灯坏", area_id=world.grid, address="")
    near = [report(world, now=NOW - timedelta(days=days)) for days in (3, 2, 1)]

    found = [one.ticket_id for one in offered(world)]

    assert found == [ticket.id for ticket in reversed(near)]
    assert far.id not in found


def test_a_private_matter_is_offered_to_the_office_only(world: World) -> None:
    report(world, matter=Matter.PRIVATE)

    assert [who for who in ("coordinator", "grid_worker", "building_head", "grid_lead") if offered(world, who)] == [
        "coordinator"
    ]


@pytest.mark.parametrize("who", ["volunteer", "leader", "stranger", "other_grid_worker", "admin"])
def test_nothing_is_offered_to_who_could_not_join(world: World, who: str) -> None:
    report(world)

    assert offered(world, who) == []


def test_a_grid_worker_is_offered_their_grid_only(world: World) -> None:
    spot = {"address": "东门口", "title": "垃圾桶满了"}
    report(world, area_id=world.other_grid, **spot)
    report(world, area_id=world.grid, **spot)

    [found] = offered(world, "grid_worker", area_id=world.grid, **spot)

    assert found.no == "E0002"
    assert len(offered(world, area_id=world.grid, **spot)) == 2


def test_the_query_reads_open_work_through_its_index(world: World) -> None:
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM ticket " in statement and not statement.startswith("EXPLAIN"):
            rows = connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in rows)

    event.listen(db.engine.get(), "after_cursor_execute", explain)
    offered(world)
    event.remove(db.engine.get(), "after_cursor_execute", explain)

    assert any("ticket USING INDEX ix_ticket_open (community_id=?" in plan for plan in plans), plans
    assert not any(plan.startswith("SCAN") for plan in plans), plans
