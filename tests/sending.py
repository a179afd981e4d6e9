"""What the tests of messages share: channels that lead to the gateway, messages, and their rows."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

import db
from db import channels, outbox
from db.models import ChannelRow, OutboxAttemptRow, OutboxRow
from domain.ids import new_key
from domain.outbox import ChannelKind, MessageState, Severity, Template
from tests.builders import NOW, World


def channel(world: World, url: str, kind: ChannelKind = ChannelKind.WECOM, **more: Any) -> UUID:
    call: dict[str, Any] = {"area_id": world.community, "kind": kind, "name": "社区值班群", "address": url}
    return db.run(channels.create, actor=world.admin, key=new_key(), now=NOW, **(call | more))


def path_of(world: World) -> str:
    return world.coordinator.grants[0].area_path


def owe(world: World, n: int = 1, severity: Severity = Severity.EMERGENCY, **more: Any) -> int:
    """Owe an alarm, or for normal news a ticket's notice, with a number of its own."""
    return db.run(outbox.enqueue, **_call(world, n, severity, **more))


def owe_many(world: World, count: int) -> None:
    """Owe so many alarms at one moment."""

    def command(tx: Any) -> None:
        for n in range(count):
            outbox.enqueue(tx, **_call(world, n, Severity.EMERGENCY))

    db.run(command)


def _call(world: World, n: int, severity: Severity, **more: Any) -> dict[str, Any]:
    template = Template.TICKET_URGED if severity is Severity.NORMAL else Template.INCIDENT_STEP
    said = {"incident": f"Y{n:04}", "building": "3栋", "elder": f"L{n:04}", "cause": "未见平安信号", "text": f"第{n}件"}
    call: dict[str, Any] = {
        "community_id": world.community,
        "area_path": path_of(world),
        "template": template,
        "body": said,
        "severity": severity,
        "dedupe": f"test:{n}",
        "now": NOW,
    }
    return call | more


def rows() -> list[OutboxRow]:
    def query(session: Any) -> list[OutboxRow]:
        found = list(session.scalars(select(OutboxRow).order_by(OutboxRow.created_at, OutboxRow.id)))
        session.expunge_all()
        return found

    return db.read(query)


def states() -> list[MessageState]:
    return [MessageState(row.state) for row in rows()]


def attempts() -> list[tuple[bool, str]]:
    query = select(OutboxAttemptRow.ok, OutboxAttemptRow.code).order_by(OutboxAttemptRow.at, OutboxAttemptRow.id)
    return [(row.ok, row.code) for row in db.read(lambda session: session.execute(query).all())]


def held(channel_id: UUID) -> dict[str, Any]:
    def query(session: Any) -> dict[str, Any]:
        row = session.get_one(ChannelRow, channel_id)
        return {"muted_until": row.muted_until, "ok_at": row.ok_at, "last_code": row.last_code, "recent": row.recent}

    return db.read(query)
