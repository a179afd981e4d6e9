"""The board: true counts, filters that combine, and only what the viewer may see."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

import db
from db import areas, tickets
from db.board import board, card, waiting
from db.listing import table
from db.models import CategoryRow
from db.ticket_filters import Filters
from domain.access import Actor
from domain.board import Board
from domain.due import Grade, Matter, Urgency
from domain.ids import new_id
from domain.tickets import DONE_SHOWN, Action, Column, Kind, Status, Ticket
from tests.builders import NOW, World, report, step
from tests.db.acting import at, do

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def look(actor: Actor, **filters: object) -> Board:
    now = filters.pop("now", NOW)
    limit = filters.pop("limit", 60)
    return db.read(board, actor=actor, filters=Filters(**filters), now=now, shown=dict.fromkeys(Column, limit))  # type: ignore[arg-type]


def seen(actor: Actor, **filters: object) -> list[str]:
    return sorted(card.no for column in look(actor, **filters).columns for card in column.cards)


def counts(shown: Board) -> list[int]:
    return [column.count for column in shown.columns]


def test_each_state_stands_in_its_column(any_world: World) -> None:
    for status in Status:
        at(any_world, status)

    shown = look(any_world.coordinator)

    assert [[card.status for card in column.cards] for column in shown.columns] == [
        [Status.REPORTED, Status.ACCEPTED],
        [Status.DISPATCHED, Status.IN_PROGRESS],
        [Status.RESOLVED],
        [Status.CLOSED],
    ]
    assert [column.column for column in shown.columns] == list(Column)


def test_counts_are_true_however_few_cards_are_shown(world: World) -> None:
    for _ in range(5):
        report(world)

    shown = look(world.coordinator, limit=2)

    assert counts(shown) == [5, 0, 0, 0]
    assert [card.no for card in shown.columns[0].cards] == ["E0001", "E0002"]


def test_each_column_is_as_long_as_was_asked(world: World) -> None:
    for status in (Status.REPORTED, Status.CLOSED):
        for _ in range(3):
            at(world, status)

    shown = db.read(board, actor=world.coordinator, filters=Filters(), now=NOW + HOUR, shown={Column.TODO: 1})

    assert [(column.count, len(column.cards)) for column in shown.columns] == [(3, 1), (0, 0), (0, 0), (3, 3)]


def test_the_most_pressing_stands_first(any_world: World) -> None:
    for grade in (Grade.HARD, Grade.URGENT, Grade.NORMAL, Grade.FAST):
        report(any_world, grade=grade)

    shown = look(any_world.coordinator)

    assert [card.grade for card in shown.columns[0].cards] == [Grade.URGENT, Grade.FAST, Grade.NORMAL, Grade.HARD]


def test_an_alarm_stands_before_all_that_has_been_late_for_longer(any_world: World) -> None:
    late = [report(any_world, title=f"早已超时{n}", now=NOW - timedelta(days=30 + n)) for n in range(3)]
    alarm = report(any_world, title="窗帘没拉开", grade=Grade.URGENT)

    def first() -> str:
        return look(any_world.coordinator, limit=1).columns[0].cards[0].no

    assert first() == alarm.no
    listed = db.read(table, actor=any_world.coordinator, filters=Filters(), now=NOW)
    assert listed.cards[0].no == alarm.no
    for ticket in late:
        step(tickets.accept, ticket, any_world.coordinator)
    assert first() == alarm.no


@pytest.mark.parametrize(("later", "count"), [(DONE_SHOWN - SECOND, 1), (DONE_SHOWN, 1), (DONE_SHOWN + SECOND, 0)])
def test_closed_work_is_shown_for_fourteen_days(any_world: World, later: timedelta, count: int) -> None:
    at(any_world, Status.CLOSED)

    shown = look(any_world.coordinator, now=NOW + later)

    assert (counts(shown), len(shown.columns[3].cards)) == ([0, 0, 0, count], count)


def test_a_card_says_how_pressing_it_is(world: World) -> None:
    report(world, grade=Grade.URGENT)
    at(world, Status.RESOLVED, grade=Grade.URGENT)
    due = NOW + 2 * HOUR

    for now, urgency in ((due, Urgency.SOON), (due + SECOND, Urgency.LATE)):
        cards = [card for column in look(world.coordinator, now=now).columns for card in column.cards]
        assert [card.urgency for card in cards] == [urgency, Urgency.DONE]


@pytest.fixture
def stock(world: World) -> dict[str, str]:
    """Tickets that differ in one thing each: what it is → number."""
    lamp = db.read(lambda s: s.scalars(select(CategoryRow.id).where(CategoryRow.name == "楼道灯")).one())
    made: dict[str, Ticket] = {
        "plain": report(world),
        "other_grid": report(world, area_id=world.other_grid),
        "lamp": report(world, category_id=lamp, matter=Matter.BIG),
        "hazard": report(world, kind=Kind.HAZARD),
        "urgent": report(world, grade=Grade.URGENT),
        "wangs": at(world, Status.DISPATCHED),
        "colleagues": report(world, actor=world.colleague),
        "today": report(world, matter=Matter.SMALL),
        "words": report(world, title="100%_满意\\好", address="Lift B"),
        "told": report(world, description="水管漏水"),
    }
    return {name: ticket.no for name, ticket in made.items()}


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("grid_id", "other_grid", "other_grid"),
        ("category_id", "楼道灯", "lamp"),
        ("category_id", "维修", "lamp"),
        ("category_id", "卫生", ""),
        ("kind", Kind.HAZARD, "hazard"),
        ("grade", Grade.URGENT, "urgent"),
        ("handler_id", "wang", "wangs"),
        ("due", "today", "urgent today"),
        ("text", "漏水", "told"),
        ("text", "100%", "words"),
        ("text", "%_", "words"),
        ("text", "\\", "words"),
        ("text", "_", "words"),
        ("text", "/", ""),
        ("text", "lift b", "words"),
        ("text", " Lift ", "words"),
        ("text", "E0004", "hazard"),
        ("text", "e4", "hazard"),
        ("text", "0004", "hazard"),
        ("text", "４", "hazard"),
        ("text", "²", ""),
        ("text", "①", ""),
        ("text", "9" * 30, ""),
        ("text", "没有这样的事", ""),
        ("text", "' OR 1=1 --", ""),
    ],
)
def test_each_filter_shows_what_it_says(
    world: World, stock: dict[str, str], field: str, value: object, names: str
) -> None:
    if field == "category_id":
        value = db.read(lambda s: s.scalars(select(CategoryRow.id).where(CategoryRow.name == value)).first())
    elif isinstance(value, str) and value in ("other_grid", "wang"):
        value = getattr(world, value)

    shown = look(world.coordinator, **{field: value})

    assert [card.no for column in shown.columns for card in column.cards] == [stock[name] for name in names.split()]
    assert sum(counts(shown)) == len(names.split())


def test_blank_text_is_no_filter(world: World, stock: dict[str, str]) -> None:
    assert len(seen(world.coordinator, text=" \u3000\x00")) == len(stock)


def test_filters_narrow_each_other(world: World, stock: dict[str, str]) -> None:
    assert seen(world.coordinator, kind=Kind.HAZARD, grade=Grade.URGENT) == []
    assert seen(world.coordinator, kind=Kind.REPORT, grade=Grade.URGENT, text="灯", community_id=world.community) == [
        stock["urgent"]
    ]
    assert seen(world.coordinator, community_id=world.other_community) == []


def test_mine_is_what_i_reported_or_handle(world: World, stock: dict[str, str]) -> None:
    assert seen(world.colleague, mine=True) == [stock["colleagues"]]
    assert seen(world.leader, mine=True) == []  # has no party: nobody's tickets are not theirs


@pytest.mark.parametrize("later", [timedelta(), 3 * HOUR, timedelta(days=2), timedelta(days=8)])
def test_the_figures_agree_with_the_rows(any_world: World, later: timedelta) -> None:
    world = any_world
    for grade in Grade:
        report(world, grade=grade)
        at(world, Status.IN_PROGRESS, grade=grade)
    report(world, matter=Matter.SMALL)
    at(world, Status.RESOLVED, grade=Grade.URGENT)
    at(world, Status.CLOSED)

    now = NOW + later
    shown = look(world.coordinator, now=now)

    assert shown.figures.open == sum(counts(shown)[:3])
    assert shown.figures.late == sum(counts(look(world.coordinator, now=now, due="late")))
    assert shown.figures.today == sum(counts(look(world.coordinator, now=now, due="today")))
    assert shown.figures.closed_today == (1 if later < timedelta(hours=14) else 0)


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("coordinator", "own building grid other"),
        ("leader", "own building grid other far"),
        ("grid_worker", "own building grid"),
        ("building_head", "own building"),
        ("other_grid_worker", "other"),
        ("volunteer", "own"),
        ("admin", ""),
        ("stranger", "far"),
    ],
)
def test_everybody_sees_their_own_area_and_no_more(world: World, who: str, names: str) -> None:
    place = {"own": world.building, "building": world.building, "grid": world.grid, "other": world.other_grid}
    made = {name: report(world, area_id=area).id for name, area in place.items() if name != "own"}
    made["own"] = report(world, actor=world.volunteer).id
    made["far"] = report(world, actor=world.stranger, area_id=world.other_community).id

    shown = look(world.actors[who])

    assert {card.id for column in shown.columns for card in column.cards} == {made[name] for name in names.split()}
    for name, ticket_id in made.items():
        found = db.read(card, actor=world.actors[who], ticket_id=ticket_id, now=NOW)
        assert (found is not None) == (name in names.split())


def test_a_volunteer_sees_what_waits_for_a_volunteer_and_what_they_hold(world: World) -> None:
    offered = at(world, Status.ACCEPTED, kind=Kind.SERVICE)
    held = do(world, Action.CLAIM, at(world, Status.ACCEPTED, kind=Kind.SERVICE), world.volunteer)
    at(world, Status.REPORTED, kind=Kind.SERVICE)  # not accepted yet
    at(world, Status.ACCEPTED)  # not open
    do(world, Action.CLAIM, at(world, Status.ACCEPTED, kind=Kind.SERVICE), world.volunteer2)

    shown = look(world.volunteer)

    cards = {card.id: card.claimable for column in shown.columns for card in column.cards}
    assert cards == {offered.id: True, held.id: False}


def test_a_ticket_stays_where_it_was_reported_when_its_area_is_closed(world: World) -> None:
    ticket = report(world)
    call = {"area_id": world.building, "expected_version": 1, "now": NOW}
    db.run(areas.close, actor=world.admin, **call)  # type: ignore[arg-type]

    assert seen(world.building_head) == [ticket.no]


def test_an_unknown_card_is_none(world: World) -> None:
    assert db.read(card, actor=world.coordinator, ticket_id=new_id(), now=NOW) is None


def test_what_waits_for_each_is_grouped(world: World) -> None:
    report(world, actor=world.grid_worker)
    mine = do(world, Action.DISPATCH, at(world, Status.ACCEPTED), handler_id=world.grid_worker.party_id)
    do(world, Action.CLAIM, mine, world.grid_worker)
    do(world, Action.DISPATCH, at(world, Status.ACCEPTED), handler_id=world.grid_worker.party_id)
    at(world, Status.RESOLVED)
    at(world, Status.ACCEPTED, kind=Kind.SERVICE)

    def groups(who: str, now: datetime = NOW + timedelta(days=8)) -> dict[str, int]:
        found = db.read(waiting, actor=world.actors[who], now=now)
        return {group.name: group.count for group in found if group.count}

    def groups_soon(who: str) -> dict[str, int]:
        return groups(who, NOW + timedelta(minutes=1))

    assert groups("grid_worker") == {"to_claim": 1, "doing": 1, "reported": 1}
    assert groups("volunteer") == {"to_help": 1}
    # what is late stands there once, not again under what it waits for
    assert groups("coordinator") == {"late": 4, "to_follow_up": 1, "reported": 4}
    assert groups_soon("coordinator") == {"to_accept": 1, "to_dispatch": 1, "to_follow_up": 1, "reported": 4}
    assert groups("leader") == groups("admin") == groups("stranger") == {}


def test_a_board_is_read_at_one_moment(any_world: World) -> None:
    ticket = report(any_world)

    shown = look(any_world.coordinator)
    step(tickets.accept, ticket, any_world.coordinator)

    assert shown.columns[0].cards[0].version == 1


def test_above_the_community_a_number_says_whose_it_is(world: World) -> None:
    here = report(world)
    there = report(world, actor=world.stranger, area_id=world.other_community)

    numbers = {card.no for column in look(world.leader).columns for card in column.cards}

    assert (here.no, there.no) == ("E0001", "E0001")
    assert numbers == {"桂花社区-E0001", "海棠社区-E0001"}
    assert seen(world.coordinator) == ["E0001"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("1", 2), ("E0001", 2), ("GH-E0001", 1), ("gh-1", 1), ("HT-E0001", 1), ("XX-E0001", 0), ("GH-E0002", 0)],
)
def test_a_number_with_a_code_finds_the_one_community(world: World, text: str, found: int) -> None:
    for area, code in ((world.community, "GH"), (world.other_community, "HT")):
        call = {"area_id": area, "code": code, "expected_version": 1, "now": NOW}
        name = db.read(areas.get, area).name
        db.run(areas.change, actor=world.admin, name=name, households=None, **call)  # type: ignore[arg-type]
    report(world, title="灯")
    report(world, title="灯", actor=world.stranger, area_id=world.other_community)

    assert sum(column.count for column in look(world.leader, text=text).columns) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("楼道灯", True),
        ("楼道 3号楼", True),
        ("楼道 9号楼", False),
        ("王师傅", True),
        ("13800000001", True),
        ("138 0000 0001", False),
        ("13800000002", False),
        ("张三", False),  # a name is many people's: only a number finds its tickets
    ],
)
def test_each_word_must_be_found_somewhere(world: World, text: str, found: bool) -> None:
    ticket = report(world, reporter_name="张三", reporter_phone="13800000001")
    do(world, Action.DISPATCH, do(world, Action.ACCEPT, ticket))

    assert bool(seen(world.coordinator, text=text)) is found


def test_a_search_tells_no_capitals_from_small_letters(world: World) -> None:
    ticket = report(world, title="门口LED灯不亮")

    assert all(seen(world.coordinator, text=text) == [ticket.no] for text in ("led", "LED灯", "灯不亮"))


def test_a_search_finds_what_ended_however_long_ago(world: World) -> None:
    closed, rejected, cancelled = (at(world, s) for s in (Status.CLOSED, Status.REJECTED, Status.CANCELLED))
    later = NOW + timedelta(days=400)

    assert seen(world.coordinator, now=later) == []
    assert seen(world.coordinator, text="楼道灯", now=later) == sorted(t.no for t in (closed, rejected, cancelled))
    assert counts(look(world.coordinator, text="楼道灯", now=later)) == [0, 0, 0, 3]


def test_a_group_of_mine_says_how_many_there_are_beyond_those_listed(world: World) -> None:
    for n in range(3):
        report(world, title=f"楼道灯 {n}")

    found = {group.name: group for group in db.read(waiting, actor=world.coordinator, now=NOW, limit=2)}

    assert (found["to_accept"].count, len(found["to_accept"].cards)) == (3, 2)
    assert (found["reported"].count, len(found["reported"].cards)) == (3, 2)
    assert (found["to_follow_up"].count, found["to_follow_up"].cards) == (0, ())
