"""The table and the calendar show the board's tickets: the same scope, masks, filters and order."""

from datetime import timedelta
from typing import Any

import pytest

import db
from db import exports, listing, tickets
from db.board import board
from db.exports import Scope
from db.ticket_filters import Filters
from domain.board import Calendar, Card, Table
from domain.clock import local_date
from domain.due import Grade, Matter, Urgency
from domain.tickets import Column, Result
from domain.views import Sort
from tests.builders import NOW, World, assigned, report, step

DAY = timedelta(days=1)
WEEKS = tuple(local_date(NOW) + DAY * number for number in range(-7, 21))


def busy(world: World) -> None:
    """Fill a board: due today and later, one late, one resolved, one closed, one private, one elsewhere."""
    report(world, title="今天办结", matter=Matter.SMALL)
    report(world, title="早已超时", grade=Grade.FAST, now=NOW - DAY * 3)
    contacted = assigned(world, title="联系过了", grade=Grade.FAST, now=NOW - timedelta(hours=4))
    step(tickets.contact, contacted, world.coordinator, reached=True, now=NOW + timedelta(minutes=5))
    report(world, title="最近反映", grade=Grade.HARD, now=NOW + timedelta(minutes=9))
    report(world, title="夫妻吵架", matter=Matter.PRIVATE, area_id=world.other_grid)
    resolved = assigned(world, title="等回访")
    step(tickets.resolve, resolved, world.coordinator, result=Result.SOLVED, note="修好了")
    report(world, title="海棠的事", actor=world.stranger, area_id=world.other_community)


def of_board(world: World, who: str, **more: Any) -> dict[Column, list[Card]]:
    call: dict[str, Any] = {"actor": getattr(world, who), "filters": Filters(), "now": NOW + timedelta(hours=1)}
    return {held.column: list(held.cards) for held in db.read(board, **(call | more)).columns}


def of_table(world: World, who: str, **more: Any) -> Table:
    call: dict[str, Any] = {"actor": getattr(world, who), "filters": Filters(), "now": NOW + timedelta(hours=1)}
    found: Table = db.read(listing.table, **(call | more))
    return found


def of_calendar(world: World, who: str, **more: Any) -> Calendar:
    call = {"actor": getattr(world, who), "filters": Filters(), "now": NOW + timedelta(hours=1), "days": WEEKS}
    found: Calendar = db.read(listing.calendar, **(call | {"day": local_date(NOW)} | more))
    return found


READERS = ("coordinator", "grid_worker", "other_grid_worker", "leader", "volunteer", "stranger")


def test_the_table_shows_the_boards_tickets_to_each_reader(any_world: World) -> None:
    busy(any_world)

    for who in READERS:
        cards = [card for held in of_board(any_world, who).values() for card in held]
        table = of_table(any_world, who)
        assert set(table.cards) == set(cards), who
        assert table.count == len(cards), who


def test_the_calendar_counts_the_boards_running_clocks(any_world: World) -> None:
    busy(any_world)

    for who in READERS:
        read = of_board(any_world, who)
        running = [card for column in (Column.TODO, Column.DOING) for card in read[column]]
        found = [of_calendar(any_world, who, day=day) for day in WEEKS]
        assert {card for one in found for card in one.cards} == set(running), who
        for day, one in zip(WEEKS, found, strict=True):
            held = found[0].counts.get(day)
            near = [sum(card.urgency is kind for card in one.cards) for kind in (Urgency.LATE, Urgency.SOON)]
            assert ((held.late, held.soon, held.all) if held else (0, 0, 0)) == (*near, len(one.cards))
            assert one.count == len(one.cards)


def test_midnight_belongs_to_the_day_it_ends(world: World) -> None:
    report(world, title="今天办结", matter=Matter.SMALL)
    today = local_date(NOW)

    found = of_calendar(world, "coordinator", days=(today, today + DAY))

    assert {day: count.all for day, count in found.counts.items()} == {today: 1}
    assert [card.title for card in found.cards] == ["今天办结"]


def test_due_today_is_one_number_whatever_of_it_is_late_by_now(world: World) -> None:
    busy(world)
    report(world, grade=Grade.URGENT)
    now, today = NOW + timedelta(hours=13), local_date(NOW)

    found = of_calendar(world, "coordinator", now=now)

    assert (found.figures.today, found.counts[today].late) == (found.counts[today].all, 1)
    read = of_board(world, "coordinator", filters=Filters(due="today"), now=now)
    assert {card for column in read.values() for card in column} == set(found.cards)


def test_a_hidden_column_is_nowhere(world: World) -> None:
    busy(world)
    shown = (Column.DOING, Column.FOLLOW_UP)

    assert list(of_board(world, "coordinator", columns=shown)) == list(shown)
    assert {card.title for card in of_table(world, "coordinator", columns=shown).cards} == {"联系过了", "等回访"}
    counts = of_calendar(world, "coordinator", columns=shown).counts
    assert sum(count.all for count in counts.values()) == 1


def test_an_export_leaves_out_what_the_view_hides(world: World) -> None:
    busy(world)

    def count(scope: Scope) -> int:
        call: dict[str, Any] = {"actor": world.coordinator, "filters": Filters(), "now": NOW + timedelta(hours=1)}
        return db.read(exports.count, scope=scope, **call)

    hidden = frozenset({Column.TODO, Column.DONE})
    assert count(Scope(hidden=hidden)) == of_table(world, "coordinator", columns=(Column.DOING, Column.FOLLOW_UP)).count
    assert count(Scope(hidden=hidden, whole_history=True)) == 6


ORDERS = (
    (Sort.LEFT, ["早已超时", "今天办结"], "早已超时"),
    (Sort.CONTACT, ["早已超时", "今天办结"], "早已超时"),
    (Sort.NEWEST, ["最近反映"], "最近反映"),
    (Sort.STALE, ["早已超时"], "早已超时"),
)


@pytest.mark.parametrize(("order", "first", "of_all"), ORDERS)
def test_a_column_and_the_table_stand_in_the_order_asked(
    world: World, order: Sort, first: list[str], of_all: str
) -> None:
    busy(world)

    column = [card.title for card in of_board(world, "coordinator", order=order)[Column.TODO]]
    table = [card.title for card in of_table(world, "coordinator", order=order).cards]

    assert column[: len(first)] == first
    assert table[0] == of_all


def test_who_was_not_contacted_comes_before_who_was(world: World) -> None:
    busy(world)

    table = [card for card in of_table(world, "coordinator", order=Sort.CONTACT).cards if card.column is not None]
    running = [card.contacted for card in table if card.column in (Column.TODO, Column.DOING)]

    assert running == sorted(running)
    assert True in running


@pytest.mark.parametrize("order", [Sort.LEFT, Sort.CONTACT])
def test_what_is_urgent_stands_first_in_the_column_as_in_the_table(world: World, order: Sort) -> None:
    busy(world)
    report(world, title="窗帘没拉开", grade=Grade.URGENT)

    assert of_board(world, "coordinator", order=order)[Column.TODO][0].title == "窗帘没拉开"
    assert of_table(world, "coordinator", order=order).cards[0].title == "窗帘没拉开"


def test_a_long_table_says_how_long_it_is(world: World) -> None:
    busy(world)

    table = of_table(world, "coordinator", limit=2)

    assert (len(table.cards), table.count) == (2, 6)
