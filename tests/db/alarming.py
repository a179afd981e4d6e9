"""Elders, windows and incidents for the tests: 老人 in the first building, looked in on by 赵阿姨, 钱叔叔 stands in."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

import db
from db import areas, crypto, fsck, incidents, people, stat_checkin_writes
from db.models import ChannelRow, CheckWindowRow, ElderRow, IncidentEventRow, IncidentRow, IncidentStepRow, OutboxRow
from db.window_rows import window_of
from domain.access import Actor
from domain.care import Sign, Slot, Tier, Window, WindowState
from domain.clock import local_date
from domain.ids import new_id, new_key
from domain.incidents import Cause, Incident
from domain.outbox import ChannelKind, Template
from tests.builders import NOW, World

MINUTE = timedelta(minutes=1)


def elder(world: World, number: int = 37, *, tier: Tier = Tier.B, deaf: bool = False, health: str = "") -> UUID:
    def write(tx: Session) -> UUID:
        community = world.community
        call: dict[str, Any] = {"name": "张桂芳", "phone": "13812345678", "address": "3号楼402"}
        person = people.insert_person(tx, community_id=community, **call, now=NOW)
        made = new_id()
        place = areas.place_columns(tx, world.building)
        row = {**place, "id": made, "number": number, "person_id": person, "called": crypto.seal("张奶奶")}
        more = {"sign": Sign.CURTAIN.value, "tier": tier.value, "hard_of_hearing": deaf, "joined_on": local_date(NOW)}
        tx.execute(insert(ElderRow).values(**row, **more, health=crypto.seal(health)))
        return made

    return db.run(write)


def window(
    world: World, elder_id: UUID, *, slot: Slot = Slot.MORNING, tier: Tier = Tier.B, due: datetime = NOW
) -> Window:
    def write(tx: Session) -> Window:
        made = new_id()
        held = tx.get_one(ElderRow, elder_id)
        times: dict[str, Any] = {"opens_at": due - timedelta(hours=2), "due_at": due - 30 * MINUTE, "grace_until": due}
        who: dict[str, Any] = {"looker_id": world.volunteer.user_id, "backup_id": world.volunteer2.user_id}
        row = {"id": made, "community_id": held.community_id, "elder_id": elder_id, "day": local_date(due)}
        more = {"slot": slot.value, "sign": Sign.CURTAIN.value, "tier": tier.value, "state": WindowState.ALARM.value}
        stat_checkin_writes.touch_windows(tx, [made], new=True)
        tx.execute(insert(CheckWindowRow).values(**row, **more, **times, **who, area_path=held.area_path))
        return window_of(tx.get_one(CheckWindowRow, made))

    return db.run(write)


def channel(world: World, area_id: UUID | None = None) -> UUID:
    def write(tx: Session) -> UUID:
        made = new_id()
        values = {"id": made, "area_id": area_id or world.community, "kind": ChannelKind.WECOM.value, "name": "值班群"}
        tx.execute(insert(ChannelRow).values(**values, address=crypto.seal("http://127.0.0.1:9/robot") or b""))
        return made

    return db.run(write)


def alarm(
    world: World,
    elder_id: UUID | None = None,
    *,
    cause: Cause = Cause.CLOSED,
    severity: int = 2,
    at: Window | None = None,
    now: datetime = NOW,
    actor: Actor | None = None,
) -> Incident:
    """Open an incident; with a window of its own unless the button was pressed."""
    elder_id = elder_id or elder(world)
    if at is None and cause is not Cause.BUTTON:
        at = window(world, elder_id)
    call: dict[str, Any] = {"community_id": world.community, "elder_id": elder_id, "window": at, "cause": cause}
    return db.run(incidents.open_, **call, severity=severity, now=now, actor=actor)


def step(command: Any, incident: Incident, actor: Actor, *, now: datetime = NOW, **more: Any) -> Incident:
    """Take a step on the incident as this actor last saw it."""
    call: dict[str, Any] = {
        "actor": actor,
        "incident_id": incident.id,
        "expected_version": incident.version,
        "key": new_key(),
    }
    after: Incident = db.run(command, **(call | more), now=now)
    return after


def row_of(incident: Incident) -> IncidentRow:
    return db.run(lambda s: s.get_one(IncidentRow, incident.id))


def actions(incident: Incident) -> list[str]:
    query = select(IncidentEventRow.action).where(IncidentEventRow.incident_id == incident.id)
    return db.read(lambda s: list(s.scalars(query.order_by(IncidentEventRow.seq))))


def steps_taken(incident: Incident) -> list[tuple[int, int, str]]:
    r = IncidentStepRow
    query = select(r.step, r.repeat_no, r.who).where(r.incident_id == incident.id)
    return db.read(lambda s: [(a, b, c) for a, b, c in s.execute(query.order_by(r.repeat_no, r.step, r.who))])


def messages(incident: Incident | None = None, template: Template = Template.INCIDENT_STEP) -> list[OutboxRow]:
    query = select(OutboxRow).where(OutboxRow.template == template).order_by(OutboxRow.created_at, OutboxRow.id)
    if incident:
        query = query.where(OutboxRow.incident_id == incident.id)
    return db.run(lambda s: list(s.scalars(query)))


def escalate(minutes: float, limit: int = 100) -> int:
    return db.run(incidents.escalate, now=NOW + minutes * MINUTE, limit=limit)


def faults() -> list[str]:
    return db.read(lambda s: list(fsck.problems(s)))
