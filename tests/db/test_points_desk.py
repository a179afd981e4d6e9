"""What the desk of the points page reads and writes: whom a search means, where lines came from, who may see it."""

from datetime import timedelta
from typing import Any

import pytest

import db
from db import attachments, blobs, fsck, points, points_desk, records, shop, statements
from db.models import AuditRow
from domain.errors import Invalid, NotAllowed, NotFound
from domain.ids import new_key
from domain.points import FreezeReason, RecordState
from tests.builders import NOW, World
from tests.db.earning import confirmed, give, item, me, person, record, redeem, step

PHONE = "13900001111"


def find(world: World, text: str, who: str = "coordinator") -> list[points_desk.Found]:
    return db.read(points_desk.find, actor=world.actors[who], community_id=world.community, text=text, now=NOW)


def test_people_are_found_masked_and_who_has_points_comes_first(world: World) -> None:
    person(world, "王奶奶")
    rich = person(world, "王奶奶", phone=PHONE)
    give(world, rich)

    found = find(world, "王奶奶")

    assert [(one.name, one.phone, one.balance is None) for one in found] == [
        ("王**", "139****1111", False),
        ("王**", "", True),
    ]
    assert [one.person_id for one in find(world, "139-0000-1111")] == [rich]
    assert find(world, " ") == []


def test_a_helper_is_found_by_part_of_the_working_name_before_and_after_the_first_points(world: World) -> None:
    (before,) = find(world, "赵")
    assert (before.name, before.person_id) == ("赵阿姨", None)

    known = me(world, "volunteer")

    assert [one.person_id for one in find(world, "赵")] == [known]


@pytest.mark.parametrize("who", ["stranger", "volunteer", "leader", "admin"])
def test_nobody_is_found_by_whom_people_are_none_of_their_business(world: World, who: str) -> None:
    give(world, person(world, "王奶奶"))

    assert find(world, "王奶奶", who) == []
    assert find(world, "赵阿姨", who) == []


def test_a_person_is_written_down_once_a_key_with_name_and_phone(world: World) -> None:
    call: dict[str, Any] = {
        "community_id": world.community,
        "name": "孟婆婆",
        "phone": PHONE,
        "key": new_key(),
        "now": NOW,
    }

    first = db.run(lambda tx: points_desk.register(tx, actor=world.grid_worker, **call))
    again = db.run(lambda tx: points_desk.register(tx, actor=world.grid_worker, **call))

    assert first == again
    with pytest.raises(Invalid, match="两样都有"):
        db.run(lambda tx: points_desk.register(tx, actor=world.grid_worker, **call | {"phone": "", "key": new_key()}))
    for who in (world.volunteer, world.leader, world.stranger):
        with pytest.raises(NotAllowed):
            db.run(points_desk.register, actor=who, **call | {"key": new_key()})


def test_lines_say_which_service_and_which_order_they_came_from(world: World) -> None:
    who = person(world)
    give(world, who)
    order = redeem(world, who, item(world))

    page = db.read(statements.statement, actor=world.coordinator, person_id=who)
    told = db.read(points_desk.sources, lines=page.lines)

    assert [told[line.source_id].words for line in page.lines] == [f"兑换单 {order.no} 洗衣液", "合理化建议"]


def test_a_record_tells_who_noted_vouched_and_confirmed_to_those_of_its_area(world: World) -> None:
    made = confirmed(world, person(world), note="帮张奶奶买菜")

    told = db.read(points_desk.detail, actor=world.grid_worker, record_id=made.id)

    assert (told.recorded_by, told.verified_by, told.confirmed_by) == ("陈网格员", "何静", "李敏")
    assert (told.note, told.area) == ("帮张奶奶买菜", "3号楼")
    for stranger in (world.stranger, world.other_grid_worker):
        with pytest.raises(NotFound):
            db.read(points_desk.detail, actor=stranger, record_id=made.id)


def test_the_reason_of_a_freeze_is_a_code_in_the_audit(world: World) -> None:
    who = person(world)
    give(world, who)
    call: dict[str, Any] = {
        "person_id": who,
        "frozen": True,
        "reason": FreezeReason.DOUBT,
        "key": new_key(),
        "now": NOW,
    }

    db.run(lambda tx: points.freeze(tx, actor=world.coordinator, **call))

    assert db.read(points_desk.frozen_why, actor=world.coordinator, person_id=who) == "积分来源有疑问，待核查"
    (row,) = db.read(lambda s: [r.detail for r in s.query(AuditRow).filter(AuditRow.action == "points.freeze")])
    assert row == FreezeReason.DOUBT
    with pytest.raises(NotFound):
        db.read(points_desk.frozen_why, actor=world.stranger, person_id=who)


def test_a_signed_sheet_is_kept_and_shown_to_those_of_its_area(world: World) -> None:
    sheet = blobs.put(b"a picture of the sheet")
    made = record(world, person(world), evidence_sha256=sheet)

    later = NOW + timedelta(days=40_000)  # past every grace
    assert not any(sheet in batch for batch in db.read(attachments.orphans, now=later))
    assert db.read(points_desk.evidence, actor=world.coordinator, record_id=made.id) == b"a picture of the sheet"
    assert db.read(points_desk.evidence, actor=world.stranger, record_id=made.id) is None


def test_a_signed_sheet_whose_bytes_are_gone_is_named(world: World) -> None:
    sheet = blobs.put(b"a picture of the sheet")
    made = record(world, person(world), evidence_sha256=sheet)
    assert db.read(lambda session: list(fsck.everything(session))) == []

    blobs.drop(sheet)

    (line,) = db.read(lambda session: list(fsck.everything(session)))
    assert line.startswith("桂花社区 2026-11-20 ")
    assert f"服务记录 {made.id} 的签到表照片的文件不见了" in line


def test_what_waits_is_counted_and_what_is_settled_comes_newest_first(world: World) -> None:
    who = person(world)
    record(world, who)
    old, new = give(world, who, 2)[::-1]
    call: dict[str, Any] = {"actor": world.coordinator, "community_id": world.community}

    counts = db.read(lambda s: points_desk.counts(s, **call))
    settled = db.read(lambda s: points_desk.latest(s, **call, state=RecordState.CONFIRMED, limit=10))

    assert counts == {RecordState.SUBMITTED: 1}
    assert [one.id for one, _ in settled] == [new.id, old.id]
    assert db.read(records.listed, **call)[0][0].state is RecordState.SUBMITTED


def test_what_may_come_back_is_what_was_handed_out_within_a_week(world: World) -> None:
    who = person(world)
    give(world, who, 2)
    order = redeem(world, who, item(world))
    step(shop.fulfil, order, world.coordinator)

    def ids(now: object) -> list[object]:
        call: dict[str, Any] = {"actor": world.colleague, "community_id": world.community, "now": now, "limit": 9}
        return [one.id for one, _ in db.read(lambda s: points_desk.handed_out(s, **call))]

    assert ids(NOW + timedelta(days=7)) == [order.id]
    assert ids(NOW + timedelta(days=7, seconds=1)) == []
    with pytest.raises(NotFound):
        db.read(points_desk.order, actor=world.stranger, order_id=order.id)
