"""What the audit says in words: who looked at whom on what purpose, and the machine's codes."""

from typing import Any

import pytest
from sqlalchemy import select

import db
from db import audit, people
from db.bulk import fill_demo
from db.models import AuditRow, TicketRow
from domain.audit import Entry, in_words
from domain.errors import NotAllowed
from domain.ids import new_key
from domain.people import Purpose
from tests.builders import NOW, World, report


def entries(world: World) -> list[Entry]:
    return db.read(audit.listed, actor=world.admin)


@pytest.mark.parametrize("with_ticket", [True, False])
def test_a_look_at_a_person_is_on_record_without_their_name(world: World, with_ticket: bool) -> None:
    ticket = report(world, reporter_name="张大妈", reporter_phone="13800005678")
    call: dict[str, Any] = {
        "person_id": db.read(lambda s: s.scalars(select(TicketRow.reporter_id)).one()),
        "purpose": Purpose.VISIT,
        "ticket_id": ticket.id if with_ticket else None,
        "key": new_key(),
    }
    for _ in range(2):
        db.run(people.reveal, actor=world.coordinator, now=NOW, **call)

    [entry] = [e for e in entries(world) if e.action == "person.reveal"]
    assert (entry.who, entry.what, entry.subject) == (world.coordinator.name, "查看个人信息", "")
    assert entry.detail.startswith("上门走访")
    assert entry.detail.endswith("E0001") == with_ticket
    assert "张" not in entry.detail


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("", ""),
        ("count=29 people=1 all=1", "29 件工单，含完整的姓名和电话，全部历史"),
        ("count=3 people=0 all=0", "3 件工单，姓名和电话打码，屏幕上的工单"),
        ("count=9 problems=0", "9 件工单，没有发现问题"),
        ("count=9 problems=2", "9 件工单，发现 2 处问题"),
        ("file=manual-20260102-030405.zip", "manual-20260102-030405.zip"),
        ("size=demo seed=20260701", ""),
        ("duty_phone", "值班电话"),
        ("emergency", "紧急情况"),
        ("李敏", "李敏"),
    ],
)
def test_codes_are_said_in_words(detail: str, words: str) -> None:
    assert in_words(detail) == words


def test_what_is_noted_is_an_administrators_doing(world: World) -> None:
    db.run(audit.note, actor=world.admin, action="data.check", detail="count=1 problems=0", now=NOW)

    assert [(e.who, e.what) for e in entries(world)] == [("管理员", "核对全部数据")]
    with pytest.raises(NotAllowed):
        db.run(audit.note, actor=world.coordinator, action="data.check", now=NOW)


def test_the_making_of_the_demo_is_no_code_on_screen(db_sqlite: object) -> None:
    db.run(fill_demo, rows={}, mark={"size": "demo", "seed": 1}, now=NOW)

    [detail] = db.read(lambda s: list(s.scalars(select(AuditRow.detail))))
    assert in_words(detail) == ""
