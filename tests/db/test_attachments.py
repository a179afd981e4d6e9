"""Photos on tickets: who may, how many, twice, at once, taken off, swept, and found missing."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import db
from db import attachments, blobs, fsck, ticket_detail, tickets
from db.ticket_events import load
from domain.access import Actor
from domain.due import Matter
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused, WrongState
from domain.ids import new_key
from domain.pictures import STAGE_MAX, Kept, Photo
from domain.tickets import Action, PhotoStage, Result, Status, Ticket
from jobs import nightly
from settings import Settings
from tests.builders import NOW, World, assigned, make_world, report, step
from tests.db.acting import at, at_once, refusals
from tests.db.checks import dump

BEFORE, AFTER = PhotoStage.BEFORE, PhotoStage.AFTER


def picture(body: bytes = b"picture") -> Kept:
    """Bytes among the blobs; the commands never look into them."""
    return Kept(blobs.put(body), len(body), 4, 3)


def add(world: World, ticket: Ticket, actor: Actor | None = None, *, count: int = 1, **more: Any) -> Ticket:
    if "pictures" not in more:
        more["pictures"] = [picture(f"{ticket.version}-{number}".encode()) for number in range(count)]
    asked = {"stage": BEFORE} | more
    return step(attachments.add, ticket, actor or world.coordinator, **asked)


def photos(world: World, ticket: Ticket, actor: Actor | None = None) -> tuple[Photo, ...]:
    return db.read(attachments.shown, actor=actor or world.coordinator, ticket_id=ticket.id)


def problems() -> list[str]:
    return db.read(lambda session: list(fsck.everything(session)))


def digest(actor: Actor, photo: UUID) -> str:
    return db.read(attachments.digest_for, actor=actor, attachment_id=photo)


def test_photos_are_one_event_of_ids_and_raise_the_version(any_world: World) -> None:
    ticket = report(any_world)

    after = add(any_world, ticket, count=2)

    shown = photos(any_world, after)
    (event,) = db.read(ticket_detail.events, ticket.id)[1:]
    assert after.version == ticket.version + 1
    assert (event.action, event.from_status) == (Action.PHOTO, Status.REPORTED)
    assert dict(event.changes) == {"photos_before": [[], [photo.id.hex for photo in shown]]}
    assert [(p.stage, p.who, p.added_at) for p in shown] == [(BEFORE, "李敏", NOW)] * 2
    assert problems() == []


def test_the_same_form_twice_adds_once(world: World) -> None:
    ticket, key, one = report(world), new_key(), picture()

    first = add(world, ticket, key=key, pictures=[one])
    again = add(world, ticket, key=key, pictures=[one])

    assert first == again
    assert len(photos(world, ticket)) == 1
    with pytest.raises(KeyReused):
        add(world, ticket, key=key, pictures=[picture(b"another")])


def test_of_two_at_once_on_one_version_the_second_is_told(any_world: World) -> None:
    ticket = report(any_world)
    kept = [picture(b"one"), picture(b"two")]

    def adding(one: Kept) -> Any:
        return lambda: add(any_world, ticket, pictures=[one])

    results = at_once(*map(adding, kept))

    assert [type(refused) for refused in refusals(results)] == [Changed]
    assert len(photos(any_world, ticket)) == 1
    assert problems() == []


def test_an_old_version_is_refused(world: World) -> None:
    ticket = report(world)
    step(tickets.comment, ticket, world.colleague, note="已看过")

    with pytest.raises(Changed, match="何静"):
        add(world, ticket)

    assert photos(world, ticket) == ()


@pytest.mark.parametrize(
    ("who", "may"),
    [
        *((name, True) for name in ("coordinator", "secretary", "grid_lead", "grid_worker")),
        *((name, False) for name in ("admin", "building_head", "volunteer", "leader", "stranger", "other_grid_worker")),
    ],
)
def test_who_may_add_photos_in_their_area(world: World, who: str, may: bool) -> None:
    ticket = report(world)
    kept = picture()
    before = dump()

    if may:
        add(world, ticket, world.actors[who], pictures=[kept])
        return
    with pytest.raises((NotAllowed, NotFound)):
        add(world, ticket, world.actors[who], pictures=[kept])
    assert dump() == before


@pytest.mark.parametrize("tie", ["handler", "reporter"])
def test_a_volunteer_adds_photos_to_their_own_ticket(world: World, tie: str) -> None:
    ticket = report(world, actor=world.volunteer if tie == "reporter" else world.coordinator)
    if tie == "handler":
        ticket = step(tickets.assign, ticket, world.coordinator, handler_id=world.volunteer.party_id)

    add(world, ticket, world.volunteer, stage=AFTER)

    assert [photo.who for photo in photos(world, ticket)] == ["赵阿姨"]


def test_nine_photos_a_stage_and_no_more(world: World) -> None:
    ticket = add(world, report(world), count=STAGE_MAX - 1)

    with pytest.raises(Invalid, match="还可以再放 1 张"):
        add(world, ticket, count=2)
    ticket = add(world, ticket)
    with pytest.raises(Invalid, match="已经放满"):
        add(world, ticket)
    ticket = add(world, ticket, count=STAGE_MAX, stage=AFTER)

    assert len(photos(world, ticket)) == 2 * STAGE_MAX


def test_no_photo_and_bytes_that_are_not_there_are_refused(world: World) -> None:
    ticket, kept = report(world), picture()
    blobs.drop(kept.sha256)
    before = dump()

    with pytest.raises(Invalid, match="请先选照片"):
        add(world, ticket, pictures=[])
    with pytest.raises(Invalid, match="请重新选一次"):
        add(world, ticket, pictures=[kept])

    assert dump() == before


@pytest.mark.parametrize("status", [Status.CLOSED, Status.REJECTED, Status.CANCELLED])
def test_an_ended_ticket_takes_no_photos(world: World, status: Status) -> None:
    ticket = at(world, status)

    with pytest.raises(WrongState, match="不能再添照片"):
        add(world, ticket)


def test_a_private_matter_shows_its_photos_to_the_office_only(world: World) -> None:
    ticket = add(world, report(world, matter=Matter.PRIVATE))
    (photo,) = photos(world, ticket, world.secretary)

    assert photos(world, ticket, world.grid_worker) == ()
    for hidden_from in (world.grid_worker, world.building_head, world.leader):
        with pytest.raises(NotFound):
            digest(hidden_from, photo.id)
    with pytest.raises(NotAllowed):
        add(world, ticket, world.grid_worker)


def test_a_photo_is_for_those_who_may_see_its_ticket(world: World) -> None:
    ticket = add(world, report(world))
    (photo,) = photos(world, ticket)

    for who in ("coordinator", "secretary", "grid_lead", "grid_worker", "building_head", "leader"):
        assert digest(world.actors[who], photo.id)
    for who in ("admin", "volunteer", "stranger", "other_grid_worker"):
        with pytest.raises(NotFound):
            digest(world.actors[who], photo.id)


def remove(ticket: Ticket, actor: Actor, photo: UUID, **more: Any) -> Ticket:
    return step(attachments.remove, ticket, actor, **({"attachment_id": photo, "reason": "拍错了"} | more))


def test_a_photo_taken_off_is_an_event_with_its_reason_and_its_bytes_go(any_world: World) -> None:
    ticket = add(any_world, report(any_world), any_world.grid_worker)
    (photo,) = photos(any_world, ticket)
    sha256 = digest(any_world.coordinator, photo.id)

    after = remove(ticket, any_world.grid_worker, photo.id)

    assert blobs.exists(sha256)
    assert db.run(attachments.drop_removed, attachment_id=photo.id) == 1
    assert not blobs.exists(sha256)
    assert photos(any_world, after) == ()
    with pytest.raises(NotFound):
        digest(any_world.coordinator, photo.id)
    last = db.read(ticket_detail.detail, actor=any_world.coordinator, ticket_id=ticket.id, now=NOW).timeline[-1]
    assert (last.action, last.note, dict(last.changes)) == (
        Action.PHOTO,
        "拍错了",
        {"photos_before": [[photo.id.hex], []]},
    )
    assert problems() == []


def test_bytes_that_another_photo_has_as_well_stay(world: World) -> None:
    first = add(world, report(world), pictures=[picture()])
    second = add(world, report(world), pictures=[picture()])
    (photo,) = photos(world, first)

    remove(first, world.coordinator, photo.id)

    assert db.run(attachments.drop_removed, attachment_id=photo.id) == 0
    assert problems() == []
    (other,) = photos(world, second)
    assert db.run(attachments.drop_removed, attachment_id=other.id) == 0  # it is on its ticket still


def test_only_who_added_a_photo_and_the_office_take_it_off(world: World) -> None:
    ticket = add(world, report(world))
    (photo,) = photos(world, ticket)

    for who in ("grid_worker", "grid_lead", "leader", "stranger", "volunteer"):
        with pytest.raises(Refused):
            remove(ticket, world.actors[who], photo.id)
    with pytest.raises(Refused):
        remove(ticket, replace(world.coordinator, read_only=True), photo.id)
    with pytest.raises(Invalid, match="为什么删除"):
        remove(ticket, world.secretary, photo.id, reason=" ")

    ticket = remove(ticket, world.secretary, photo.id)
    with pytest.raises(WrongState, match="已经删除"):
        remove(ticket, world.secretary, photo.id)


def test_a_photo_of_another_ticket_is_not_taken_off_by_way_of_this_one(world: World) -> None:
    foreign = add(world, report(world))
    (photo,) = photos(world, foreign)

    with pytest.raises(NotFound):
        remove(report(world), world.coordinator, photo.id)


def test_a_photo_of_a_closed_ticket_can_still_be_taken_off(world: World) -> None:
    ticket = add(world, at(world, Status.RESOLVED), stage=AFTER)
    ticket = step(tickets.close, ticket, world.colleague)
    (photo,) = photos(world, ticket)

    ticket = remove(ticket, world.secretary, photo.id)

    assert ticket.status is Status.CLOSED
    assert problems() == []


def test_resolving_with_photos_is_both_or_neither_and_twice_is_once(world: World) -> None:
    ticket, key, kept = assigned(world), new_key(), [picture(b"done")]
    asked: dict[str, Any] = {"result": Result.SOLVED, "note": "换了灯管", "pictures": kept}

    with pytest.raises(Invalid):
        step(attachments.resolve, ticket, world.coordinator, **asked | {"pictures": kept * (STAGE_MAX + 1)})
    assert db.read(load, world.coordinator, ticket.id).status is Status.IN_PROGRESS

    done = step(attachments.resolve, ticket, world.coordinator, key=key, **asked)
    again = step(attachments.resolve, ticket, world.coordinator, key=key, **asked)

    assert done == again
    assert (done.status, done.version) == (Status.RESOLVED, ticket.version + 2)
    assert [photo.stage for photo in photos(world, ticket)] == [AFTER]


def grow_old(sha256: str) -> None:
    file = blobs.folder() / blobs.name_of(sha256)
    then = (NOW - timedelta(days=2)).timestamp()
    os.utime(file, (then, then))


def test_the_night_sweeps_what_nobody_kept_after_a_day(any_world: World) -> None:
    old, young = picture(b"never saved"), picture(b"being saved")
    ticket = add(any_world, report(any_world), pictures=[picture(b"kept")])
    (photo,) = photos(any_world, ticket)
    taken_off = add(any_world, report(any_world), pictures=[picture(b"wrong")])
    (wrong,) = photos(any_world, taken_off)
    wrong_bytes = digest(any_world.coordinator, wrong.id)
    remove(taken_off, any_world.coordinator, wrong.id)
    for sha256 in (old.sha256, digest(any_world.coordinator, photo.id), wrong_bytes):
        grow_old(sha256)
    os.utime(blobs.folder() / blobs.name_of(young.sha256), (NOW.timestamp(), NOW.timestamp()))

    assert nightly.sweep(NOW) == 2

    assert {blob.sha256 for blob in blobs.listed()} == {young.sha256, digest(any_world.coordinator, photo.id)}
    assert nightly.sweep(NOW) == 0


def test_dropping_while_another_adds_the_same_bytes_never_leaves_a_photo_without_them(any_world: World) -> None:
    for _ in range(5):
        first = add(any_world, report(any_world), pictures=[picture()])
        (photo,) = photos(any_world, first)
        remove(first, any_world.coordinator, photo.id)
        second, kept = report(any_world), picture()

        at_once(
            lambda photo=photo: db.run(attachments.drop_removed, attachment_id=photo.id),  # type: ignore[misc]
            lambda second=second, kept=kept: add(any_world, second, pictures=[kept]),  # type: ignore[misc]
        )

        assert problems() == []


def test_what_is_put_again_after_the_sweep_listed_it_stays(any_world: World) -> None:
    sha256, ticket = picture().sha256, report(any_world)
    grow_old(sha256)
    (batch,) = db.read(attachments.orphans, now=NOW)
    kept = picture()

    assert db.run(attachments.drop_unused, digests=batch, before=NOW - attachments.GRACE) == 0

    add(any_world, ticket, pictures=[kept])
    assert problems() == []


@pytest.mark.pg
def test_the_sweep_leaves_bytes_whose_first_row_is_not_yet_committed(db_postgres: Settings) -> None:
    world = make_world()
    sha256, ticket = picture().sha256, report(world)
    grow_old(sha256)
    (batch,) = db.read(attachments.orphans, now=NOW)
    call: dict[str, Any] = {"actor": world.coordinator, "ticket_id": ticket.id, "key": new_key(), "now": NOW}
    call |= {"expected_version": ticket.version, "stage": BEFORE, "pictures": [picture()]}

    def add_while_it_sweeps(tx: Session) -> int:
        attachments.add(tx, **call)
        with ThreadPoolExecutor(1) as other:
            sweep = other.submit(db.run, attachments.drop_unused, digests=batch, before=NOW - attachments.GRACE)
            return sweep.result(30)

    assert db.run(add_while_it_sweeps) == 0
    assert problems() == []


def test_fsck_names_the_first_photo_whose_bytes_are_gone_or_changed(world: World) -> None:
    one = add(world, report(world), count=2)
    first, second = photos(world, one)
    blobs.drop(digest(world.coordinator, first.id))
    (blobs.folder() / blobs.name_of(digest(world.coordinator, second.id))).write_bytes(b"something else")

    assert problems() == [
        f"桂花社区 E0001 的照片 {first.id} 的文件不见了",
        f"桂花社区 E0001 的照片 {second.id} 的文件已损坏",
    ]


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("DELETE FROM attachment", "不见了，按记录应在"),
        ("UPDATE attachment SET removed_at = added_at", "已删除，按记录应在"),
        ("UPDATE attachment SET stage = 'after'", "没有对应的记录"),
    ],
)
def test_fsck_holds_the_rows_of_photos_to_their_events(any_world: World, sql: str, named: str) -> None:
    ticket = add(any_world, report(any_world))
    (photo,) = photos(any_world, ticket)
    db.run(lambda tx: tx.execute(text(sql)))

    assert any(line.startswith(f"桂花社区 E0001 的照片 {photo.id} {named}") for line in problems())


def test_fsck_names_a_photo_that_is_back_without_an_event(any_world: World) -> None:
    ticket = add(any_world, report(any_world))
    (photo,) = photos(any_world, ticket)
    remove(ticket, any_world.coordinator, photo.id)
    db.run(lambda tx: tx.execute(text("UPDATE attachment SET removed_at = NULL")))

    assert problems() == [f"桂花社区 E0001 的照片 {photo.id} 在，按记录应已删除"]


def test_fsck_names_what_it_found_though_the_photos_cannot_be_read(any_world: World) -> None:
    db.run(lambda tx: tx.execute(text("DROP TABLE attachment")))

    lines = problems()

    assert "数据库结构与程序不一致：add_table attachment" in "".join(lines)
    assert lines[-1].startswith("数据库读不下去了：")
