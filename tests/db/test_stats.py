"""Roll-ups: what events add up to is what the rows come to; every figure opens down to its very rows."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import db
from db import (
    areas,
    import_batches,
    imports,
    rules,
    setup,
    stat_cards,
    stat_checkin_writes,
    stat_facts,
    stat_now,
    stat_rebuild,
    stat_rows,
    stat_sums,
    stat_ties,
    stat_writes,
    stats,
    tickets,
)
from db.models import TICKET_STAT, CategoryRow, CheckWindowRow, SettingRow, TicketRecurrenceRow, TicketRoundRow
from db.stat_page import DENOMINATOR, NUMERATOR, REST
from db.ticket_events import load
from domain import steps
from domain.areas import Level
from domain.care import WindowState
from domain.clock import local, local_date
from domain.due import Grade
from domain.errors import NotAllowed, Refused
from domain.ids import new_key
from domain.imports import Incoming
from domain.kpis import EMPTY, KPIS, Better, Source, Unit, delta, figure
from domain.stats import Dim, Grain, Scope
from domain.tickets import Action, Kind, Satisfaction, Status, Ticket
from settings import Settings
from tests.builders import NOW, World, make_world, report
from tests.db import alarming
from tests.db.acting import at, at_once, do

ONWARD = (Action.ACCEPT, Action.DISPATCH, Action.CLAIM, Action.RESOLVE, Action.CLOSE)
CODES = [code for code, kpi in KPIS.items() if kpi.source is Source.TICKETS]
DAY = timedelta(days=1)


class Move(NamedTuple):
    wish: str
    ticket: int
    place: int
    category: int
    hours: int


moves = st.builds(
    Move,
    st.sampled_from(["on"] * 8 + ["report", "reopen", "back", "edit", "contact", "cancel", "import", "undo"]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from([0, 0, 1, 5, 30, 24 * 9]),
)
stories = st.lists(moves, min_size=25, max_size=25)
quickly = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def play(world: World, story: list[Move]) -> datetime:
    """Make tickets and move them about, change what they are of and where, bring some in and take them back."""
    now = NOW
    held = [report(world, area_id=where, now=now) for where in places(world)]
    batches: list[UUID] = []
    for number, move in enumerate(story):
        now += timedelta(hours=move.hours)
        place = move.ticket % len(held)
        try:
            if move.wish == "report":
                held.append(report(world, now=now, **what(world, move)))
            elif move.wish == "import":
                batches.append(bring_in(world, f"{number % 3}", move, now))
            elif move.wish == "undo" and batches:
                db.run(import_batches.undo, actor=world.coordinator, batch_id=batches.pop(), now=now)
            else:
                held[place] = moved(world, held[place], move, now)
        except Refused:
            held[place] = db.read(load, world.coordinator, held[place].id)
    return now


def places(world: World) -> tuple[UUID, ...]:
    return world.building, world.grid, world.other_grid, world.community


def categories(session: Session) -> list[UUID]:
    return list(session.scalars(select(CategoryRow.id).where(CategoryRow.parent_id.is_not(None)).limit(2)))


def what(world: World, move: Move) -> dict[str, Any]:
    category = [None, *db.read(categories)][move.category]
    # mostly one building, so that things come again
    return {"area_id": places(world)[max(move.place - 1, 0)], "category_id": category, "matter": None}


def moved(world: World, ticket: Ticket, move: Move, now: datetime) -> Ticket:
    named = {"reopen": Action.REOPEN, "back": Action.VERIFY_FAIL, "cancel": Action.CANCEL, "contact": Action.CONTACT}
    if move.wish == "edit":
        grade = (Grade.NORMAL, Grade.FAST)[move.ticket % 2]
        return do(world, Action.EDIT, ticket, now=now, **(what(world, move) | {"grade": grade}))
    open_to = steps.allowed(world.coordinator, ticket, now=now)
    action = named.get(move.wish) or next((one for one in ONWARD if one in open_to), Action.COMMENT)
    more = {"satisfaction": list(Satisfaction)[move.category]} if action is Action.CLOSE else {}
    return do(world, action, ticket, now=now, **more)


def bring_in(world: World, key: str, move: Move, now: datetime) -> UUID:
    told: dict[str, Any] = {"reported_at": now - 9 * DAY}
    if move.category:
        told |= {"status": Status.CLOSED, "closed_at": now - move.category * DAY}
    row = Incoming(key=key, title=f"路灯{move}", **told, content=repr((key, move, now)).encode())
    call: dict[str, Any] = {"actor": world.coordinator, "now": now}
    where: dict[str, Any] = {
        "community": db.read(areas.get, world.community),
        "source": "留言板",
        "file_name": "x.xlsx",
    }
    batch = db.run(imports.start, **call, **where)
    db.run(imports.store, **call, batch_id=batch, rows=[row])
    return batch


def wrong() -> list[str]:
    return db.read(lambda session: [*stat_rebuild.problems(session), *stat_ties.problems(session)])


def check(world: World, now: datetime) -> None:
    """Hold what the story added up to against the rows, and every figure against the rows it opens."""
    assert wrong() == []
    before = db.read(lambda session: sorted(map(repr, session.execute(select(TICKET_STAT)))))
    db.run(stat_rebuild.rebuild)
    assert wrong() == []
    kept = db.read(lambda session: sorted(map(repr, session.execute(select(TICKET_STAT)))))
    assert set(kept) <= set(before), "written anew there are no cells without a count"
    db.read(every_figure_opens, world, now)


def every_figure_opens(session: Session, world: World, now: datetime) -> None:
    day = local_date(now)
    narrowed: tuple[dict[str, Any], ...] = ({}, {"kind": Kind.REPORT}, {"category_id": categories(session)[0]})
    for area in (world.street, *places(world)):
        call: dict[str, Any] = {"area_id": area, "start": local_date(NOW), "end": day}
        for more in narrowed if area == world.community else ({},):
            scope = stats.scope_of(session, actor=world.leader, **call, **more)
            figures = stats.figures(session, actor=world.leader, scope=scope, codes=CODES, now=now)
            for code, one in figures.items():
                if one.numerator is not None:
                    assert opened(session, world, scope, code, NUMERATOR, now) == one.numerator, (code, scope)
                if one.denominator is not None and code != "reported_per_1000":
                    assert opened(session, world, scope, code, DENOMINATOR, now) == one.denominator, (code, scope)
                if one.kpi.unit is Unit.RATE and one.numerator is not None and one.denominator is not None:
                    left = one.denominator - one.numerator
                    assert opened(session, world, scope, code, REST, now) == left, (code, scope)


def opened(session: Session, world: World, scope: Scope, code: str, part: str, now: datetime) -> int:
    return sum(1 for _ in all_rows(session, world, scope, code, part, now))


def all_rows(session: Session, world: World, scope: Scope, code: str, part: str, now: datetime) -> Iterator[Any]:
    after = None
    while True:
        call: dict[str, Any] = {"actor": world.leader, "scope": scope, "code": code, "part": part, "now": now}
        page = stats.rows(session, **call, after=after, limit=5)
        yield from page.rows
        if page.after is None:
            return
        after = page.after


@quickly
@given(story=stories)
def test_whatever_happens_figures_are_what_the_rows_come_to(world: World, story: list[Move]) -> None:
    check(world, play(world, story))


@pytest.mark.pg
@quickly
@given(story=stories)
def test_whatever_happens_figures_are_what_the_rows_come_to_on_postgresql(pg_world: World, story: list[Move]) -> None:
    check(pg_world, play(pg_world, story))


@pytest.mark.pg
def test_writing_anew_may_take_longer_than_a_page_waits_for_a_statement(pg_world: World) -> None:
    report(pg_world)
    told: list[tuple[int, int]] = []

    def rebuilt(tx: Session) -> Any:
        stat_rebuild.rebuild(tx, progress=lambda *done: told.append(done))
        return tx.scalar(text("SHOW statement_timeout"))

    assert db.run(rebuilt) == "0"
    assert db.run(lambda tx: tx.scalar(text("SHOW statement_timeout"))) == "1min"
    assert told == [(1, 1)]


@pytest.fixture
def pg_world(db_postgres_once: Settings) -> World:
    return make_world()


def test_one_event_that_is_not_counted_shows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = report(world)
    monkeypatch.setattr(stat_writes, "touch", lambda *_: None)

    do(world, Action.ACCEPT, ticket)
    do(world, Action.CANCEL, db.read(load, world.coordinator, ticket.id))

    assert "dropped 记为 0，应为 1" in wrong()[0]


def test_a_cell_changed_by_hand_is_named_and_written_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    report(world)
    cell = TICKET_STAT.c
    one = update(TICKET_STAT).where(cell.area == world.community.hex[-12:], cell.dim == Dim.ALL, cell.reported == 1)
    db.run(lambda tx: tx.execute(one.values(closed=3)))

    assert wrong() == ["工单统计 桂花社区 day all 2026-11-20 的 closed 记为 3，应为 0，请用 rebuild-stats 重算"]

    report(world)
    monkeypatch.setattr(stat_rebuild, "CHUNK", 1)
    db.run(stat_rebuild.rebuild)
    assert wrong() == []


def test_an_earlier_round_or_a_recurrence_changed_by_hand_is_named(world: World) -> None:
    category = db.read(categories)[0]
    first = at(world, Status.CLOSED, area_id=world.building, category_id=category, matter=None)
    do(world, Action.REOPEN, first, now=NOW + DAY)
    other = at(world, Status.CLOSED, area_id=world.building, category_id=category, matter=None)
    report(world, area_id=world.building, category_id=category, matter=None, now=NOW + 3 * DAY)
    assert other
    assert wrong() == []

    db.run(lambda tx: tx.execute(update(TicketRoundRow).values(satisfaction=None, result_class="partly")))
    assert "第 1 轮办理的记录与流水不一致" in wrong()[-1]
    db.run(lambda tx: tx.execute(delete(TicketRoundRow)))
    assert "ticket_round" in " ".join(wrong())

    db.run(lambda tx: tx.execute(update(TicketRecurrenceRow).values(closed_on=local_date(NOW) - 9 * DAY)))
    assert "记着的上次办结日期不对" in wrong()[-1]


def test_what_no_start_has_found_yet_is_found_once_and_no_start_does_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = db.read(categories)[0]
    first = at(world, Status.CLOSED, area_id=world.building, category_id=category, matter=None)
    do(world, Action.REOPEN, first, now=NOW + DAY)
    at(world, Status.CLOSED, area_id=world.building, category_id=category, matter=None)
    report(world, area_id=world.building, category_id=category, matter=None, now=NOW + 3 * DAY)
    kept = (TicketRoundRow, TicketRecurrenceRow)

    def rows(session: Session) -> list[list[Any]]:
        return [sorted(map(tuple, session.execute(select(table.__table__)).all())) for table in kept]

    before = db.read(rows)
    assert [len(held) for held in before] == [1, 1]
    db.run(lambda tx: [tx.execute(delete(table)) for table in (*kept, SettingRow)])
    assert db.read(stat_rebuild.owed) == 3

    db.run(stat_rebuild.rebuild_all)
    assert db.read(rows) == before and wrong() == []
    assert db.read(stat_rebuild.owed) is None
    monkeypatch.setattr(stat_rebuild, "rebuild", None)
    db.run(stat_rebuild.ensure)


@pytest.mark.pg
def test_a_start_that_waited_for_another_process_to_count_does_not_count_again(
    db_postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[Session] = []
    monkeypatch.setattr(stat_rebuild, "rebuild_all", again.append)
    db.run(lambda tx: tx.execute(delete(SettingRow).where(SettingRow.name == "stats")))
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'ticket_stat'::regclass")

    with ThreadPoolExecutor(1) as pool:
        with Session(db.engine.get()) as first, first.begin():
            first.execute(text("LOCK TABLE ticket_stat IN EXCLUSIVE MODE"))
            second = pool.submit(setup.prepare, now=NOW)
            while not second.done() and not first.scalar(waiting):
                pass
            rules.put(first, "stats", stat_rebuild.VERSION)
        second.result()

    assert again == []


def test_however_many_are_asked_for_at_once_each_has_its_facts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {report(world).id for _ in range(3)}
    monkeypatch.setattr(stat_facts, "BATCH", 2)

    assert db.read(stat_facts.facts_of, ids).keys() == ids


def test_however_many_come_in_at_once_each_is_tied_as_if_they_came_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_door = db.run(areas.insert_area, level=Level.BUILDING, name="5号楼", parent_id=world.grid).id
    came: list[UUID] = []
    for building in (world.building, next_door):
        for day in range(3):  # of three that were closed at one place the last comes again first
            what = {"area_id": building, "category_id": db.read(categories)[0], "matter": None}
            at(world, Status.CLOSED, **what)
            came.append(report(world, now=NOW + (2 + day) * DAY, **what).id)
    tied = select(*TicketRecurrenceRow.__table__.columns).order_by(TicketRecurrenceRow.ticket_id)
    one_by_one = db.read(lambda session: session.execute(tied).all())
    monkeypatch.setattr(stat_facts, "BATCH", 1)

    db.run(stat_facts.find_recurrences, came[::-1])

    assert db.read(lambda session: session.execute(tied).all()) == one_by_one and len(one_by_one) == 6


def test_a_write_that_fails_back_to_a_savepoint_takes_back_no_count_from_before(world: World) -> None:
    ticket, look = report(world), alarming.window(world, alarming.elder(world))
    call: dict[str, Any] = {"actor": world.coordinator, "ticket_id": ticket.id, "now": NOW, "key": new_key()}
    closed = update(CheckWindowRow).where(CheckWindowRow.id == look.id).values(state=WindowState.EXCUSED.value)

    def several(tx: Session) -> None:
        tickets.cancel(tx, **call, expected_version=ticket.version, note="报重了")
        stat_checkin_writes.touch_windows(tx, [look.id])
        tx.execute(closed)
        with suppress(IntegrityError), tx.begin_nested():
            tx.add(SettingRow(name="stats", value=0))
            tx.flush()

    db.run(several)

    assert wrong() == []


def test_two_communities_of_a_street_count_at_once(any_world: World) -> None:
    world = any_world
    mine = [lambda: report(world) for _ in range(8)]
    theirs = [lambda: report(world, actor=world.stranger, area_id=world.other_community) for _ in range(8)]

    at_once(*mine, *theirs)

    assert read(world, "reported", area=world.street).numerator == 16
    assert wrong() == []


def read(world: World, code: str, *, area: UUID | None = None, now: datetime = NOW, **more: Any) -> Any:
    def query(session: Session) -> Any:
        day = local_date(now)
        place: dict[str, Any] = {"area_id": area or world.community, "start": day - 6 * DAY, "end": day}
        scope = stats.scope_of(session, actor=world.leader, **(place | more))
        return stats.figures(session, actor=world.leader, scope=scope, codes=[code], now=now)[code]

    return db.read(query)


def test_without_anything_to_divide_by_there_is_no_rate(world: World) -> None:
    empty = read(world, "satisfaction")

    assert (empty.text, empty.value, empty.denominator) == (EMPTY, None, 0)


def test_a_rate_of_few_is_grey_and_a_place_of_a_week_is_new(world: World) -> None:
    for _ in range(9):
        at(world, Status.CLOSED)
    assert read(world, "close_rate").small
    assert read(world, "close_rate").new

    at(world, Status.CLOSED)
    later = read(world, "close_rate", now=NOW + 7 * DAY, start=local_date(NOW))

    assert not later.small
    assert not later.new
    assert not read(world, "reported").small, "a count is a count"


def test_roll_ups_and_the_tickets_themselves_say_the_same(world: World) -> None:
    for status in (Status.CLOSED, Status.CLOSED, Status.IN_PROGRESS, Status.CANCELLED):
        at(world, status)
    at(world, Status.CLOSED, area_id=world.other_grid)
    day = local_date(NOW)

    def both(session: Session, by: Any) -> tuple[Any, Any]:
        scope = stats.scope_of(session, actor=world.leader, area_id=world.community, start=day, end=day)
        measures = ("reported", "dropped", "closed", "solved", "due", "pending")
        asked = stat_sums.Asked(scope, measures, day, day + 30 * DAY, by)
        kept, _ = stat_sums.sums(session, asked)
        return dict(kept), dict(stat_sums._from_tickets(session, asked)[0])

    for by in (None, stat_sums.BY_DAY, stat_sums.BY_MONTH, stat_sums.BY_AREA, Dim.KIND, Dim.CATEGORY):
        kept, counted = db.read(both, by)
        some = {key: +counts for key, counts in kept.items() if +counts}
        assert some == counted, by


def test_open_work_is_counted_by_anything_as_the_roll_ups_have_it(world: World) -> None:
    for place in (world.grid, world.building, world.other_grid, world.community):
        at(world, Status.IN_PROGRESS, area_id=place, category_id=db.read(categories)[place == world.grid])
    report(world, kind=Kind.SERVICE)
    at(world, Status.CLOSED)

    def both(session: Session, by: Any) -> tuple[Any, Any]:
        day = local_date(NOW)
        scope = stats.scope_of(session, actor=world.leader, area_id=world.community, start=day, end=day)
        kept, _ = stat_now.standing(session, scope, "open", NOW, by)
        return +Counter(kept), stat_now._counted(session, scope, by)

    for by in (None, stat_sums.BY_AREA, Dim.KIND, Dim.CATEGORY, Dim.HANDLER):
        kept, counted = db.read(both, by)
        # what is noted only higher up lies in none of the areas below
        assert kept == Counter({key: count for key, count in counted.items() if key or by != stat_sums.BY_AREA}), by
        assert counted.total() == (4 if by is Dim.HANDLER else 5), by


def test_what_is_open_now_is_whole_however_it_is_narrowed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    category = db.read(lambda s: s.scalar(select(CategoryRow.id).where(CategoryRow.name == "楼道灯")))
    for days in (40, 20, 20, 0):
        report(world, category_id=category, now=NOW - days * DAY)
    at(world, Status.CLOSED, category_id=category)
    day = local_date(NOW)

    def told(session: Session, /, end: date = day, **narrowed: Any) -> Any:
        place: dict[str, Any] = {"area_id": world.community, "start": day - 25 * DAY, "end": end}
        scope = stats.scope_of(session, actor=world.leader, **place, kind=Kind.REPORT, **narrowed)
        call: dict[str, Any] = {"actor": world.leader, "scope": scope, "now": NOW}
        standing = stats.figures(session, codes=("open", "overdue"), **call)
        trend = stat_cards.cards(session, codes=("open",), **call)[0].trend
        counts = {code: (one.numerator, one.partial) for code, one in standing.items()}
        return counts, stats.flow(session, **call), trend

    kept = db.read(told)
    assert kept[0] == {"open": (4, ""), "overdue": (3, "")}
    assert [row.open for row in kept[1]][::25] == [1, 4]
    assert db.read(told, category_id=category) == kept
    past = day - 15 * DAY
    assert db.read(told, past, category_id=category) == db.read(told, past)
    # the period has no more than can be read, but with the days after it there are more
    monkeypatch.setattr(stat_sums, "MOST_READ", 2)
    counts, flow, trend = db.read(told, past, category_id=category)
    assert counts == kept[0]
    assert all(row.partial for row in flow)
    assert not trend


def test_rows_come_whole_and_the_newest_first_however_few_are_read_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [at(world, Status.CLOSED) for _ in range(5)]
    do(world, Action.REOPEN, held[0], now=NOW + DAY)
    day = local_date(NOW)
    monkeypatch.setattr(stat_rows, "_READ", 2)

    def told(session: Session, code: str) -> list[UUID]:
        scope = stats.scope_of(session, actor=world.leader, area_id=world.community, start=day, end=day + DAY)
        return [row.ticket_id for row in all_rows(session, world, scope, code, NUMERATOR, NOW + DAY)]

    newest = [ticket.id for ticket in reversed(held)]
    assert db.read(told, "closed") == newest
    assert db.read(told, "open") == newest[-1:]


def test_a_leader_sees_figures_and_never_a_person(world: World) -> None:
    at(world, Status.CLOSED)
    day = local_date(NOW)

    def query(session: Session, who: str) -> Any:
        call: dict[str, Any] = {"actor": world.actors[who], "now": NOW}
        scope = stats.scope_of(session, actor=call["actor"], area_id=world.community, start=day, end=day)
        (row,) = stats.rows(session, **call, scope=scope, code="closed").rows
        return row, lambda: stats.breakdown(session, **call, scope=scope, dim="handler", codes=["closed"])

    leaders, _ = db.read(query, "leader")
    offices, _ = db.read(query, "coordinator")

    assert (leaders.card.handler, leaders.card.place) == ("", "")
    assert offices.card.handler
    with pytest.raises(NotAllowed):
        db.read(lambda session: query(session, "leader")[1]())
    assert db.read(lambda session: query(session, "coordinator")[1]())[0][1] == offices.card.handler


def test_figures_are_of_ones_own_area_only(world: World) -> None:
    day = local_date(NOW)
    place: dict[str, Any] = {"start": day, "end": day}
    for who, area in (("grid_worker", world.community), ("stranger", world.community), ("volunteer", world.community)):
        with pytest.raises(NotAllowed):
            db.read(stats.scope_of, actor=world.actors[who], area_id=area, **place)
    assert db.read(stats.scope_of, actor=world.grid_worker, area_id=world.grid, **place)


def test_a_period_is_cut_into_whole_months_and_the_days_around_them() -> None:
    cut = list(stat_sums.pieces(date(2026, 1, 30), date(2026, 4, 2)))

    assert cut == [
        (Grain.DAY, date(2026, 1, 30), date(2026, 1, 31)),
        (Grain.MONTH, date(2026, 2, 1), date(2026, 3, 1)),
        (Grain.DAY, date(2026, 4, 1), date(2026, 4, 2)),
    ]
    assert list(stat_sums.pieces(date(2026, 2, 1), date(2026, 2, 28))) == [
        (Grain.MONTH, date(2026, 2, 1), date(2026, 2, 1))
    ]
    assert [grain for grain, *_ in stat_sums.pieces(date(2026, 2, 2), date(2026, 3, 30))] == [Grain.DAY]


def test_a_hot_spot_is_of_reports_and_hazards_and_of_the_period(world: World) -> None:
    for when in (NOW, NOW - 40 * DAY, NOW - 40 * DAY):
        report(world, now=when)
    for kind in (Kind.SERVICE, Kind.DISPUTE):
        report(world, kind=kind)
    assert [(spot.count, spot.begun) for spot in _spots(world)] == [(1, None)]

    begun = report(world, kind=Kind.PREVENTIVE)
    (spot,) = _spots(world)

    assert (spot.count, spot.begun) == (1, (begun.no, begun.id)), "what is begun there feeds nothing"
    assert spot.months == {local_date(NOW).replace(day=1): 1}


def test_reports_are_counted_by_their_weekday_and_hour_on_both_engines(any_world: World) -> None:
    here = local(NOW)
    for kind in (Kind.REPORT, Kind.SERVICE):
        report(any_world, kind=kind)

    def query(session: Session) -> tuple[Any, list[stats.Hotspot]]:
        area = areas.get(session, any_world.community)
        scope = Scope(area.id, area.path, here.date() - 9 * DAY, here.date())
        call: dict[str, Any] = {"actor": any_world.coordinator, "scope": scope}
        return stats.heat(session, **call), stats.hotspots(session, **call)

    heat, spots = db.read(query)
    assert heat.hours == {(here.weekday(), here.hour): 2}
    assert heat.categories == {("未分类", here.weekday()): 2}
    assert [spot.count for spot in spots] == [1], "what was ordered is no hot spot"


def _spots(world: World) -> list[stats.Hotspot]:
    today = local_date(NOW)

    def query(session: Session) -> list[stats.Hotspot]:
        area = areas.get(session, world.community)
        scope = Scope(area.id, area.path, today.replace(day=1), today)
        return stats.hotspots(session, actor=world.coordinator, scope=scope)

    return db.read(query)


def test_a_part_is_compared_with_nothing() -> None:
    whole = figure(KPIS["reported"], 50, None, as_of=NOW)
    part = figure(KPIS["reported"], 50, None, as_of=NOW, partial="只算了一些")

    assert delta(part, whole).text == delta(whole, part).text == EMPTY


def test_a_change_is_told_in_points_for_a_rate_and_against_nothing_not_at_all() -> None:
    rate, count = KPIS["on_time_rate"], KPIS["overdue"]
    assert count.better is Better.DOWN

    up = delta(figure(rate, 8, 10, as_of=NOW), figure(rate, 6, 10, as_of=NOW))
    worse = delta(figure(count, 15, None, as_of=NOW), figure(count, 10, None, as_of=NOW))
    nothing = delta(figure(rate, 8, 10, as_of=NOW), figure(rate, 0, 0, as_of=NOW))

    assert (up.text, up.better) == ("+20.0 个百分点", True)
    assert (worse.text, worse.better) == ("+50.0%", False)
    assert (nothing.text, nothing.better) == (EMPTY, None)
    many = delta(figure(count, 1320, None, as_of=NOW), figure(count, 10, None, as_of=NOW))
    assert many.text == "132 倍"


@pytest.mark.parametrize(
    ("code", "now", "before"), [("overdue", (9, None), (1, None)), ("on_time_rate", (6, 9), (6, 20))]
)
def test_nothing_is_compared_that_rests_on_fewer_than_ten(code: str, now: Any, before: Any) -> None:
    told = delta(*(figure(KPIS[code], *numbers, as_of=NOW) for numbers in (now, before)))

    assert (told.value, told.text, told.better) == (None, "样本不足", None)
