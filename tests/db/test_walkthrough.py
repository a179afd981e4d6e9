"""The source documents' example, run against the real commands."""

import pytest

import db
from db import tickets
from db.board import board
from db.ticket_filters import Filters
from domain.errors import WrongState
from domain.tickets import Result, Satisfaction, Status
from tests.builders import NOW, World, report, step


def test_two_reports_two_dispatches_and_one_finish(any_world: World) -> None:
    world = any_world
    lamp = report(world, title="楼道灯坏了", address="3号楼2单元", reporter_name="张三")
    clutter = report(world, title="楼道堆物", address="5号楼1单元", reporter_name="李四")

    lamp = step(tickets.assign, lamp, world.coordinator, handler_id=world.wang, claimed=True)
    clutter = step(tickets.assign, clutter, world.coordinator, handler_id=world.cleaner, claimed=True)
    lamp = step(tickets.resolve, lamp, world.coordinator, result=Result.SOLVED, note="换了灯管")
    lamp = step(tickets.close, lamp, world.coordinator, satisfaction=Satisfaction.SATISFIED)

    assert (lamp.no, lamp.status, lamp.handler_id) == ("E0001", Status.CLOSED, world.wang)
    assert (clutter.no, clutter.status, clutter.handler_id) == ("E0002", Status.IN_PROGRESS, world.cleaner)
    shown = db.read(board, actor=world.coordinator, filters=Filters(), now=NOW)
    assert [(c.column.value, c.count) for c in shown.columns] == [
        ("todo", 0),
        ("doing", 1),
        ("follow_up", 0),
        ("done", 1),
    ]


def test_finishing_without_a_handler_is_refused_with_the_reason(world: World) -> None:
    ticket = report(world)

    with pytest.raises(WrongState, match="还没有处理人"):
        step(tickets.close, ticket, world.coordinator, satisfaction=Satisfaction.SATISFIED)


def test_assigning_after_the_finish_is_refused_with_the_reason(world: World) -> None:
    ticket = step(tickets.assign, report(world), world.coordinator, handler_id=world.wang, claimed=True)
    ticket = step(tickets.resolve, ticket, world.coordinator, result=Result.SOLVED, note="换了灯管")
    ticket = step(tickets.close, ticket, world.coordinator, satisfaction=Satisfaction.SATISFIED)

    with pytest.raises(WrongState, match="已办结，不能再派单"):
        step(tickets.assign, ticket, world.coordinator, handler_id=world.cleaner, claimed=True)
