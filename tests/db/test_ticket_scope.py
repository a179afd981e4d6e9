"""The quick way to say what a viewer sees names the very tickets that the rule does."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

import db
from db import live, ticket_scope
from db.board import board
from db.models import TicketRow
from db.models.tickets import CLOSED_WORK, OPEN_WORK
from db.ticket_events import may_read
from db.ticket_filters import Filters
from domain.access import Actor
from domain.tickets import DONE_SHOWN, Action, Column, Kind, Status
from tests.builders import NOW, World, report
from tests.db.acting import at, do

LATER = NOW + timedelta(minutes=5)
RECENT = or_(OPEN_WORK, and_(CLOSED_WORK, TicketRow.closed_at >= LATER - DONE_SHOWN))


@pytest.fixture
def full_world(any_world: World) -> World:
    """Tickets of every state, in every place, by people of every sort, also outside their areas."""
    world = any_world
    for status in Status:
        at(world, status)
        at(world, status, kind=Kind.SERVICE, area_id=world.other_grid)
    for actor in (world.grid_worker, world.volunteer, world.other_grid_worker):
        report(world, actor=actor, area_id=world.grid if actor is not world.other_grid_worker else world.other_grid)
    report(world, actor=world.stranger, area_id=world.other_community)
    for handler in (world.grid_worker, world.building_head, world.volunteer2):
        given = at(world, Status.ACCEPTED, area_id=world.other_grid)
        do(world, Action.DISPATCH, given, handler_id=handler.party_id)
    do(world, Action.CLAIM, at(world, Status.ACCEPTED, kind=Kind.SERVICE), world.volunteer)
    return world


def ids(session: Session, *held: ColumnElement[bool]) -> set[UUID]:
    return set(session.scalars(select(TicketRow.id).where(*held)))


def test_the_quick_way_finds_what_the_rule_finds_for_everybody(full_world: World) -> None:
    def compare(session: Session, actor: Actor) -> None:
        quick = ticket_scope.on_board(session, actor, since=LATER - DONE_SHOWN)
        assert ids(session, quick, RECENT) == ids(session, may_read(actor), RECENT)
        for alone in {True, live.reach(session, actor=actor).alone}:
            everything, left_out = ticket_scope.searched(session, actor, [3], alone=alone)
            assert (ids(session, everything), left_out) == (ids(session, may_read(actor)), 0)

    for actor in full_world.actors.values():
        db.read(compare, actor)


def test_a_search_looks_through_the_newest_reports_and_all_open_work_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    still_open = report(world, title="旧灯")
    old, *_, newest = [at(world, Status.CLOSED, title="旧灯") for _ in range(5)]
    monkeypatch.setattr(ticket_scope, "SEARCHED", 2)
    monkeypatch.setattr(ticket_scope, "LEAST_SEARCHED", 2)

    def found(text: str) -> tuple[set[str], int]:
        shown = db.read(board, actor=world.coordinator, filters=Filters(text=text), now=LATER)
        done = next(c for c in shown.columns if c.column is Column.DONE)
        return {card.no for column in shown.columns for card in column.cards}, done.searched

    numbers, newest_of_each = found("旧灯")
    assert newest_of_each == 2
    assert {still_open.no, newest.no} <= numbers
    assert old.no not in numbers
    assert found(old.no) == ({old.no}, 2)  # a number is found however old
