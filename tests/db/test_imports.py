"""Imports at the commands: identity, rights, history, what people did, taking back."""

import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

import db
from db import areas, board, categories, fsck, import_batches, imports, people, ticket_detail, ticket_events, tickets
from db.models import (
    ImportBatchRow,
    ImportChangeRow,
    PartyRow,
    PersonRow,
    TicketEventRow,
    TicketRow,
    TicketTextRow,
)
from db.ticket_filters import Filters
from domain.access import Actor
from domain.clock import at_local
from domain.due import Grade
from domain.errors import Invalid, NotAllowed, NotFound, WrongState
from domain.imports import Counts, Incoming
from domain.tickets import Action, Column, Status
from tests.builders import NOW, World, step

LATER = NOW + timedelta(hours=1)
REPORTED = at_local(datetime(2019, 4, 25).date(), datetime(2019, 4, 25, 9, 32, 9).time())  # noqa: DTZ001
CLOSED = at_local(datetime(2019, 5, 10).date(), datetime(2019, 5, 10, 14, 56, 53).time())  # noqa: DTZ001


def row(key: str = "1", title: str = "楼道灯不亮", **more: Any) -> Incoming:
    told = {"key": key, "title": title, **more}
    return Incoming(**told, content=repr(sorted(told.items())).encode())


def history(key: str = "1", **more: Any) -> Incoming:
    told: dict[str, Any] = {"reported_at": REPORTED, "closed_at": CLOSED, "result": "已更换", "status": Status.CLOSED}
    return row(key, **(told | more))


def begin(world: World, *, actor: Actor | None = None, community: UUID | None = None, source: str = "留言板") -> UUID:
    area = db.read(areas.get, community or world.community)
    who = actor or world.coordinator
    return db.run(imports.start, actor=who, community=area, source=source, file_name="留言.xlsx", now=NOW)


def bring_in(
    world: World, *rows: Incoming, actor: Actor | None = None, now: datetime = NOW, **batch: Any
) -> tuple[Counts, UUID]:
    """Import rows as one batch; fsck must stay clean after every one."""
    who = actor or world.coordinator
    batch_id = begin(world, actor=who, **batch)
    counts, _ = db.run(imports.store, actor=who, batch_id=batch_id, rows=rows, now=now)
    db.run(imports.finish, actor=who, batch_id=batch_id, counts=counts, now=now)
    assert sound() == []
    return counts, batch_id


def turned(world: World, *rows: Incoming, actor: Actor | None = None, **batch: Any) -> list[str]:
    who = actor or world.coordinator
    batch_id = begin(world, actor=who, **batch)
    _, refused = db.run(imports.store, actor=who, batch_id=batch_id, rows=rows, now=NOW)
    return [one.reason for one in refused]


def take_back(world: World, batch_id: UUID, **more: Any) -> tuple[int, int]:
    done = db.run(import_batches.undo, **({"actor": world.coordinator, "batch_id": batch_id, "now": LATER} | more))
    assert sound() == []
    return done


def sound() -> list[str]:
    """Replay every ticket; the whole of fsck compares the schema too, and takes its time."""
    ids = [held.id for held in all_of(TicketRow)]
    return db.read(lambda session: [line for one in ids for line in fsck.ticket_problems(session, one)])


def ticket(key: str = "1") -> TicketRow:
    return db.run(lambda s: s.scalars(select(TicketRow).where(TicketRow.external_id == key)).one())


def all_of(row_type: Any) -> list[Any]:
    return db.run(lambda session: list(session.scalars(select(row_type))))


def text_of(key: str = "1") -> TicketTextRow:
    ticket_id = ticket(key).id
    return db.run(lambda session: session.get_one(TicketTextRow, ticket_id))


def on_board(world: World, actor: Actor | None = None, **filters: Any) -> list[str]:
    found = db.read(board.board, actor=actor or world.coordinator, filters=Filters(**filters), now=LATER)
    return [card.title for column in found.columns for card in column.cards]


# identity


def test_a_second_run_of_the_same_rows_brings_nothing_new(any_world: World):
    first, _ = bring_in(any_world, row("1"), row("2"))
    second, _ = bring_in(any_world, row("1"), row("2"))

    assert (first, second) == (Counts(created=2), Counts(unchanged=2))
    assert len(all_of(TicketRow)) == 2


def test_a_changed_row_updates_its_ticket_and_leaves_one_event(any_world: World):
    bring_in(any_world, row("1"), row("2"))

    counts, _ = bring_in(any_world, row("1", "楼道灯全坏了", description="三楼以上"), row("2"), now=LATER)

    assert counts == Counts(changed=1, unchanged=1)
    assert ticket().title == "楼道灯全坏了"
    assert text_of().description == "三楼以上"
    assert [e.action for e in all_of(TicketEventRow) if e.ticket_id == ticket().id] == ["import", "import"]


def test_a_change_of_the_text_alone_is_an_event_too(world: World):
    bring_in(world, row(description="甲"))
    counts, _ = bring_in(world, row(description="乙"))

    assert counts == Counts(changed=1)
    assert ticket().version == 2


def test_sources_are_apart_so_the_same_number_may_come_from_two(world: World):
    bring_in(world, row("1"), source="留言板")
    counts, _ = bring_in(world, row("1"), source="12345热线")

    assert counts == Counts(created=1)


def test_comparing_says_what_storing_does_and_writes_nothing(world: World):
    bring_in(world, row("1"), row("2"))
    rows = [row("1"), row("2", "改了"), row("3"), row("4", community="没有的社区")]
    area = db.read(areas.get, world.community)

    told, refused = db.read(
        imports.compare, actor=world.coordinator, community=area, source="留言板", rows=rows, now=NOW
    )

    assert told == Counts(created=1, changed=1, unchanged=1, refused=1)
    assert [one.place for one in refused] == [3]
    assert len(all_of(TicketRow)) == 2
    assert bring_in(world, *rows)[0] == told


def test_an_interrupted_batch_goes_on_without_counting_twice(world: World):
    batch_id = begin(world)
    store = {"actor": world.coordinator, "batch_id": batch_id, "now": NOW}
    db.run(imports.store, rows=[row("1")], **store)

    counts, _ = db.run(imports.store, rows=[row("1"), row("2")], **store)

    assert counts == Counts(created=1)
    assert all_of(ImportBatchRow)[0].created == 2


# rights


@pytest.mark.parametrize("name", ["grid_lead", "grid_worker", "building_head", "volunteer", "leader", "stranger"])
def test_who_has_no_right_here_cannot_import(world: World, name: str):
    with pytest.raises(NotAllowed):
        begin(world, actor=world.actors[name])


def test_a_batch_is_fed_and_closed_only_from_its_own_community(world: World):
    batch_id = begin(world)
    call: dict[str, Any] = {"actor": world.stranger, "batch_id": batch_id, "now": NOW}

    with pytest.raises(NotAllowed):
        db.run(imports.store, rows=[row()], **call)
    with pytest.raises(NotAllowed):
        db.run(imports.finish, counts=Counts(), **call)


def test_a_closed_batch_takes_no_more_rows(world: World):
    _, batch_id = bring_in(world, row("1"))

    with pytest.raises(WrongState):
        db.run(imports.store, actor=world.coordinator, batch_id=batch_id, rows=[row("2")], now=NOW)


def test_a_source_needs_a_name(world: World):
    with pytest.raises(Invalid, match="来源"):
        begin(world, source="  ")


def test_a_row_for_an_unknown_or_foreign_community_is_refused_by_name(world: World):
    unknown, foreign = turned(world, row("1", community="月球社区"), row("2", community="海棠社区"))

    assert unknown == "没有社区“月球社区”，可写：桂花社区"
    assert "海棠社区" in foreign
    assert all_of(TicketRow) == []


def test_a_street_wide_import_spreads_over_communities(world: World):
    bring_in(world, row("1", community="桂花社区"), row("2", community="海棠社区"), actor=world.admin)

    assert ticket("1").community_id == world.community
    assert ticket("2").community_id == world.other_community
    assert [ticket("1").number, ticket("2").number] == [1, 1]


def test_no_one_overwrites_another_communitys_ticket_by_its_number(world: World):
    bring_in(world, row("1"))

    (reason,) = turned(world, row("1", "别的事"), actor=world.stranger, community=world.other_community)

    assert "换一个来源名称" in reason
    assert ticket().title == "楼道灯不亮"


def test_after_undoing_an_import_into_the_wrong_community_it_goes_into_the_right_one(world: World):
    _, wrong = bring_in(world, row("1"), actor=world.admin, community=world.other_community)
    take_back(world, wrong, actor=world.admin)

    counts, _ = bring_in(world, row("1"), actor=world.admin)

    assert counts == Counts(created=1)
    assert ticket().community_id == world.community


# what comes in


def test_history_keeps_its_dates_and_gets_no_clock(any_world: World):
    bring_in(any_world, history())

    made = ticket()
    assert (made.reported_at, made.closed_at, made.status) == (REPORTED, CLOSED, "closed")
    assert (made.due_at, text_of().result) == (None, "已更换")


def test_open_work_gets_its_clock_from_the_import_on(world: World):
    bring_in(world, row(reported_at=REPORTED, grade=Grade.FAST, status=Status.ACCEPTED))

    made = ticket()
    assert made.reported_at == REPORTED
    assert made.due_at == NOW + timedelta(hours=24)
    assert "自导入时起算" in made.due_why


def test_work_that_names_nobody_waits_to_be_dispatched(world: World):
    bring_in(world, row(status=Status.IN_PROGRESS))

    assert ticket().status == Status.ACCEPTED


def test_another_grade_moves_the_end_of_the_clock_that_runs(world: World):
    bring_in(world, row(status=Status.ACCEPTED))
    bring_in(world, row(status=Status.ACCEPTED, grade=Grade.FAST), now=LATER)

    assert ticket().due_at == NOW + timedelta(hours=24)


def test_categories_are_matched_or_made_once(any_world: World):
    db.run(lambda tx: categories.ensure_shipped(tx))
    known = {c.label: c.id for c in db.read(categories.listed)}
    bring_in(
        any_world,
        row("1", category="维修", subcategory="楼道灯"),
        row("2", category="井盖"),
        row("3", category="宠物", subcategory="遛狗不牵绳"),
        row("4", category="宠物", subcategory="遛狗不牵绳"),
    )
    bring_in(any_world, row("5", category="宠物"))

    now = {c.label: c.id for c in db.read(categories.listed)}
    assert ticket("1").category_id == known["维修 / 楼道灯"]
    assert ticket("2").category_id == known["安全 / 井盖"]
    assert ticket("3").category_id == ticket("4").category_id == now["宠物 / 遛狗不牵绳"]
    assert ticket("5").category_id == now["宠物"]
    assert now.keys() - known.keys() == {"宠物", "宠物 / 遛狗不牵绳"}


def test_handlers_are_matched_or_made_once(world: World):
    bring_in(
        world,
        row("1", handler="王师傅", status=Status.IN_PROGRESS),
        row("2", handler="幸福物业公司"),
        row("3", handler="幸福物业公司"),
    )

    made = [party for party in all_of(PartyRow) if party.label == "幸福物业公司"]
    assert ticket("1").handler_id == world.wang
    assert ticket("1").status == Status.IN_PROGRESS
    assert [(party.id, party.is_unit) for party in made] == [(ticket("2").handler_id, True)]


def test_a_known_grid_places_the_ticket(world: World):
    bring_in(world, row("1", grid="桂花一网格"), row("2", grid="没有的网格"))

    assert (ticket("1").grid_id, ticket("2").grid_id) == (world.grid, None)


def test_one_phone_and_name_is_one_person(world: World):
    who = {"reporter_name": "测试甲", "phone": "138 0000 0000"}
    bring_in(world, row("1", **who), row("2", **who), row("3", reporter_name="测试乙"))
    bring_in(world, row("4", **who))

    assert ticket("1").reporter_id == ticket("2").reporter_id == ticket("4").reporter_id
    assert len(all_of(PersonRow)) == 2


def test_a_corrected_phone_reaches_the_ticket_and_an_equal_one_makes_nobody(world: World):
    bring_in(world, row(reporter_name="测试甲", phone="13800000000"))
    bring_in(world, row("1", "改了", reporter_name="测试甲", phone="13800000000"))
    same = len(all_of(PersonRow))
    bring_in(world, row(reporter_name="测试甲", phone="13900000000"))

    person = ticket().reporter_id
    assert person is not None
    found = db.read(people.get, actor=world.coordinator, person_id=person, now=NOW)
    assert same == 1
    assert found.phone.startswith("139")


def test_nothing_personal_is_in_events_and_batches(world: World):
    told = {"reporter_name": "测试甲", "phone": "13800000000", "description": "测试甲家漏水", "address": "3号楼201"}
    bring_in(world, row("h:1", "测试甲报修", **told))
    bring_in(world, row("h:1", "测试甲又报修", **(told | {"address": "3号楼202"})))

    said = "".join(repr((e.changes, e.action)) for e in all_of(TicketEventRow))
    said += "".join(repr(vars(b)) for b in all_of(ImportBatchRow))
    assert not [word for word in ("测试甲", "13800000000", "漏水", "3号楼") if word in said]


# what people did


def test_a_ticket_people_work_on_keeps_its_state_when_its_row_changes(world: World):
    bring_in(world, row(status=Status.REPORTED))
    made = db.read(ticket_events.load, world.coordinator, ticket().id)
    step(tickets.accept, made, world.coordinator)

    counts, _ = bring_in(
        world, history(title="新标题", address="5号楼", description="补充", grade=Grade.HARD), now=LATER
    )

    after = ticket()
    assert counts == Counts(changed=1)
    assert (after.title, after.address, text_of().description) == ("新标题", "5号楼", "补充")
    assert (after.status, after.grade, after.closed_at, text_of().result) == ("accepted", "normal", None, "")


# taking back


def test_undone_tickets_vanish_everywhere(any_world: World):
    _, batch_id = bring_in(any_world, row("1", "甲"), row("2", "乙"))
    made = ticket("1").id

    assert take_back(any_world, batch_id) == (2, 0)
    found = db.read(board.board, actor=any_world.coordinator, filters=Filters(), now=LATER)
    assert [column.count for column in found.columns] == [0, 0, 0, 0]
    assert found.figures.open == 0
    assert on_board(any_world, text="甲") == []
    assert all(group.count == 0 for group in db.read(board.waiting, actor=any_world.coordinator, now=LATER))
    with pytest.raises(NotFound):
        db.read(ticket_detail.detail, actor=any_world.coordinator, ticket_id=made, now=LATER)


def test_undoing_a_change_gives_every_old_value_back(any_world: World):
    bring_in(any_world, row(handler="王师傅", status=Status.IN_PROGRESS, description="原文", reporter_name="测试甲"))
    before, text = _columns(ticket()), text_of()
    _, batch_id = bring_in(any_world, history(title="新", result="好了", reporter_name="测试乙"), now=LATER)

    assert take_back(any_world, batch_id) == (1, 0)
    assert _columns(ticket()) == before
    assert (text_of().description, text_of().result) == (text.description, text.result)


def _columns(held: TicketRow) -> dict[str, Any]:
    left_out = {"version", "event_hash", "updated_at"}
    return {c.name: getattr(held, c.name) for c in TicketRow.__table__.c if c.name not in left_out}


def test_imports_are_undone_one_after_the_other_back_to_nothing(world: World):
    _, first = bring_in(world, row("1", "一"))
    _, second = bring_in(world, row("1", "二"), row("2", "另"))

    assert take_back(world, second) == (2, 0)
    assert ticket("1").title == "一"
    assert take_back(world, first) == (1, 0)
    assert on_board(world) == []


def test_what_people_worked_on_stays_and_is_counted(world: World):
    _, batch_id = bring_in(world, row("1", "甲"), row("2", "乙"))
    made = db.read(ticket_events.load, world.coordinator, ticket("1").id)
    step(tickets.accept, made, world.coordinator)

    told = db.read(import_batches.outlook, actor=world.coordinator, batch_id=batch_id)

    assert (told.made, told.restored, told.stays) == (1, 0, 1)
    assert take_back(world, batch_id) == (1, 1)
    assert on_board(world) == ["甲"]


def test_the_outlook_tells_made_from_changed(any_world: World):
    bring_in(any_world, row("1"))
    _, batch_id = bring_in(any_world, row("1", "改"), row("2"))

    told = db.read(import_batches.outlook, actor=any_world.coordinator, batch_id=batch_id)

    assert (told.made, told.restored, told.stays) == (1, 1, 0)


def test_a_second_undo_and_a_strangers_are_refused(world: World):
    _, batch_id = bring_in(world, row())

    with pytest.raises(NotAllowed):
        take_back(world, batch_id, actor=world.stranger)
    take_back(world, batch_id)
    with pytest.raises(WrongState, match="已经撤销过"):
        take_back(world, batch_id)


def test_a_batch_that_reached_other_communities_is_undone_from_above(world: World):
    rows = row("1"), row("2", community="海棠社区")
    _, batch_id = bring_in(world, *rows, actor=world.admin)

    with pytest.raises(NotAllowed, match="别的社区"):
        take_back(world, batch_id)
    assert take_back(world, batch_id, actor=world.admin) == (2, 0)


def test_an_undo_goes_in_steps_and_ends_the_batch_with_the_last(world: World):
    _, batch_id = bring_in(world, row("1"), row("2"), row("3"))

    assert take_back(world, batch_id, limit=2) == (2, 0)
    assert all_of(ImportBatchRow)[0].undone_at is None
    assert take_back(world, batch_id, limit=2) == (1, 0)
    assert all_of(ImportBatchRow)[0].undone_at == LATER


def test_importing_again_after_an_undo_revives_under_the_old_number(any_world: World):
    _, batch_id = bring_in(any_world, row("1"), history("2"))
    number = ticket("1").number
    take_back(any_world, batch_id)

    counts, again = bring_in(any_world, row("1"), history("2"))

    assert counts == Counts(created=2)
    assert (ticket("1").number, ticket("1").status, ticket("2").status) == (number, "reported", "closed")
    assert take_back(any_world, again) == (2, 0)
    assert on_board(any_world) == []
    assert db.read(lambda session: list(fsck.problems(session))) == []


def test_taking_back_forgets_the_texts_it_kept_for_it(world: World):
    bring_in(world, row(description="原文"))
    _, batch_id = bring_in(world, row(description="新文"))
    take_back(world, batch_id)

    assert [c.before for c in all_of(ImportChangeRow) if c.batch_id == batch_id] == [{}]


def test_the_list_shows_each_ones_own_imports(world: World):
    bring_in(world, row("1"), source="留言板")
    bring_in(world, row("2"), source="热线")

    mine = db.read(import_batches.batches, actor=world.coordinator)
    assert {batch.source for batch in mine} == {"热线", "留言板"}
    assert db.read(import_batches.batches, actor=world.stranger) == []
    assert db.read(import_batches.batches, actor=world.grid_worker) == []
    assert sorted(db.read(import_batches.sources, actor=world.coordinator)) == sorted(["热线", "留言板"])


# at once


def test_two_imports_of_one_file_at_once_bring_each_row_once(any_world: World):
    rows = [row(str(i), category="新类别", handler="新物业公司", phone=f"1380000{i:04d}") for i in range(60)]
    batches = [begin(any_world), begin(any_world)]
    gate, failed = threading.Barrier(2), []
    found: list[Counts] = []

    def work(batch_id: UUID) -> None:
        try:
            gate.wait()
            for at in range(0, 60, 20):
                call = {"actor": any_world.coordinator, "batch_id": batch_id, "now": NOW}
                found.append(db.run(imports.store, rows=rows[at : at + 20], **call)[0])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(batch_id,)) for batch_id in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sum(found, Counts()) == Counts(created=60, unchanged=60)
    assert len(all_of(TicketRow)) == 60
    assert len([p for p in all_of(PartyRow) if p.label == "新物业公司"]) == 1
    assert len([c for c in db.read(categories.listed) if c.name == "新类别"]) == 1
    assert sound() == []


def test_columns_of_the_board_count_what_came_in(world: World):
    bring_in(world, row("1"), row("2", handler="王师傅", status=Status.IN_PROGRESS), history("3", closed_at=NOW))

    found = db.read(board.board, actor=world.coordinator, filters=Filters(), now=LATER)
    counts = {column.column: column.count for column in found.columns}

    assert (counts[Column.TODO], counts[Column.DOING], counts[Column.DONE]) == (1, 1, 1)
    assert {e.action for e in all_of(TicketEventRow)} == {Action.IMPORT.value}


@pytest.mark.parametrize("field", ["reported_at", "closed_at"])
def test_a_time_to_come_is_refused_with_its_column(world: World, field: str) -> None:
    area = db.read(areas.get, world.community)
    batch = db.run(imports.start, actor=world.coordinator, community=area, source="表", file_name="a.csv", now=NOW)
    rows = [
        Incoming("1", b"1", "明年的事", **{field: NOW + timedelta(days=400)}),
        Incoming("2", b"2", "今天的事", **{field: NOW}),
    ]

    counts, turned = db.run(imports.store, actor=world.coordinator, batch_id=batch, rows=rows, now=NOW)

    assert (counts.created, counts.refused) == (1, 1)
    assert [(t.place, t.field) for t in turned] == [(0, field)]
    assert "在将来，请核对" in turned[0].reason


def test_columns_that_nobody_named_are_for_the_office_only(world: World) -> None:
    area = db.read(areas.get, world.grid)
    batch = db.run(
        imports.start,
        actor=world.coordinator,
        community=db.read(areas.get, world.community),
        source="表",
        file_name="a.csv",
        now=NOW,
    )
    row = Incoming("1", b"1", "路灯", grid=area.name, extra={"身份证号": "110101199001011234"})
    db.run(imports.store, actor=world.coordinator, batch_id=batch, rows=[row], now=NOW)
    ticket_id = db.read(lambda s: s.scalars(select(TicketRow.id)).one())

    told = {
        who: db.read(ticket_detail.detail, actor=world.actors[who], ticket_id=ticket_id, now=NOW)
        for who in ("coordinator", "leader", "grid_worker")
    }

    assert told["coordinator"].extra == {"身份证号": "110101199001011234"}
    assert told["leader"].extra == told["grid_worker"].extra == {}
