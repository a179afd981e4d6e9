"""No query of a board walks through the history: SQLite's own plans say so, whatever the size."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

import db
from db import engine, parties, stats
from db.board import board, card, waiting
from db.listing import table
from db.ticket_filters import Filters
from domain.access import Actor
from domain.ids import new_id
from jobs import minute
from tests.builders import NOW, World

JANUARY = date(2026, 1, 15)
ASKED: dict[str, Callable[[Actor], Any]] = {
    "board": lambda actor: db.read(board, actor=actor, filters=Filters(), now=NOW),
    "late": lambda actor: db.read(board, actor=actor, filters=Filters(due="late"), now=NOW),
    "mine": lambda actor: db.read(board, actor=actor, filters=Filters(mine=True), now=NOW),
    "search": lambda actor: db.read(board, actor=actor, filters=Filters(text="灯 E0012"), now=NOW),
    "table": lambda actor: db.read(table, actor=actor, filters=Filters(), now=NOW),
    "waiting": lambda actor: db.read(waiting, actor=actor, now=NOW),
    "handlers": lambda actor: db.read(parties.listed, actor=actor),
    "card": lambda actor: db.read(card, actor=actor, ticket_id=new_id(), now=NOW),
}


@pytest.fixture
def said(world: World) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that run."""
    collected: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        collected.append((statement, values))

    used = engine.get()
    event.listen(used, "before_cursor_execute", note)
    yield collected
    event.remove(used, "before_cursor_execute", note)


@pytest.mark.parametrize("asked", ASKED)
def test_nobody_walks_through_all_tickets(world: World, said: list[tuple[str, Any]], asked: str) -> None:
    for who in ("coordinator", "leader", "grid_worker", "volunteer", "stranger"):
        ASKED[asked](world.actors[who])

    statements = [(text, values) for text, values in said if "FROM ticket" in text]
    assert statements
    with engine.get().connect() as connection:
        driver: Any = connection.connection.driver_connection
        plans = [row[3] for text, values in statements for row in driver.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    assert [step for step in plans if step.startswith("SCAN ticket") or "ix_ticket_due" in step] == []


def test_a_search_walks_a_communitys_reports_only_as_far_as_the_newest(
    world: World, said: list[tuple[str, Any]]
) -> None:
    ASKED["search"](world.actors["coordinator"])

    looked = next((text, values) for text, values in said if "LIKE" in text)
    with engine.get().connect() as connection:
        driver: Any = connection.connection.driver_connection
        plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {looked[0]}", looked[1])]
    assert sum("ix_ticket_community_id_reported_at" in step for step in plan) == 1


def test_a_search_of_the_office_asks_nothing_of_what_they_reported_over_the_years(
    world: World, said: list[tuple[str, Any]]
) -> None:
    def own_reports(who: str) -> list[str]:
        said.clear()
        ASKED["search"](world.actors[who])
        looked = [(text, values) for text, values in said if "FROM ticket" in text]
        with engine.get().connect() as connection:
            driver: Any = connection.connection.driver_connection
            plans = [row[3] for text, values in looked for row in driver.execute(f"EXPLAIN QUERY PLAN {text}", values)]
        return [step for step in plans if "ix_ticket_reporter" in step]

    assert own_reports("coordinator") == []
    assert own_reports("volunteer")


def test_figures_of_a_period_walk_through_no_other_days_of_the_place(world: World, said: list[tuple[str, Any]]) -> None:
    call: dict[str, Any] = {"actor": world.leader, "codes": ("reported", "solve_rate"), "now": NOW}
    for dim in ("area", "category"):
        scope = db.read(stats.scope_of, actor=world.leader, area_id=world.community, start=JANUARY, end=NOW.date())
        db.read(stats.breakdown, scope=scope, dim=dim, **call)

    summed = [(text, values) for text, values in said if "sum(ticket_stat" in text]
    with engine.get().connect() as connection:
        driver: Any = connection.connection.driver_connection
        plans = [row[3] for text, values in summed for row in driver.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    walks = [step for step in plans if "ticket_stat" in step]
    assert walks
    assert all("starts_on>" in step for step in walks), walks


def test_each_minute_asks_what_a_stopped_channel_owes_and_writes_only_if_it_does(
    said: list[tuple[str, Any]],
) -> None:
    dict(minute.STEPS)["messages.stopped"](NOW)

    ((asked, values),) = [one for one in said if "outbox_message" in one[0]]
    with engine.get().connect() as connection:
        driver: Any = connection.connection.driver_connection
        plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {asked}", values)]
    assert asked.startswith("SELECT")
    assert any("outbox_message USING" in step and "ix_outbox_message_due" in step for step in plan), plan
