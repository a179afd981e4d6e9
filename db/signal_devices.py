"""Buttons and sensors: each with a key of its own, of which only the SHA-256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db import console
from db.models import AreaRow, ElderRow, SignalDeviceRow
from db.writes import audit
from domain import access
from domain.access import Actor
from domain.areas import Level
from domain.errors import Invalid, NotFound
from domain.ids import new_id

LONGEST_LABEL = 40
_PREFIX = "lk_"  # so that a key found in a file is known for what it is


@dataclass(frozen=True)
class Device:
    id: UUID
    community_id: UUID
    elder_id: UUID | None
    label: str
    active: bool
    heard_at: datetime | None


def by_key(session: Session, *, key: str) -> Device | None:
    """Find the device in use that has this key."""
    row = session.scalars(select(SignalDeviceRow).where(SignalDeviceRow.key_sha256 == _digest(key))).first()
    return _device(row) if row and row.active else None


def listed(session: Session, *, actor: Actor, community_id: UUID) -> list[Device]:
    _check(session, actor, community_id)
    query = select(SignalDeviceRow).where(SignalDeviceRow.community_id == community_id)
    return [_device(row) for row in session.scalars(query.order_by(SignalDeviceRow.label, SignalDeviceRow.id))]


def add(
    tx: Session, *, actor: Actor, community_id: UUID, elder_id: UUID | None, label: str, now: datetime
) -> tuple[Device, str]:
    """Register a device and give its key, which is shown this once."""
    _check(tx, actor, community_id)
    label = label.strip()
    if not label or len(label) > LONGEST_LABEL:
        raise Invalid(f"请填写设备名称，最多 {LONGEST_LABEL} 个字。", field="label")
    elder = tx.get(ElderRow, elder_id) if elder_id else None
    if elder_id and (elder is None or elder.community_id != community_id):
        raise NotFound("没有找到这位老人，请在本社区的名单里选。")
    key, made = _PREFIX + secrets.token_urlsafe(32), new_id()
    values = {"id": made, "community_id": community_id, "elder_id": elder_id, "label": label, "active": True}
    tx.execute(insert(SignalDeviceRow).values(**values, key_sha256=_digest(key)))
    audit(tx, "device.add", actor_id=actor.user_id, subject_id=made, now=now)
    return Device(made, community_id, elder_id, label, True, None), key


def add_at(tx: Session, *, community: str, elder: str, label: str, now: datetime) -> tuple[Device, str]:
    """Register an elder's device by the codes that people say: GH, L0037; for the server's command line."""
    place = tx.scalars(select(AreaRow).where(AreaRow.level == Level.COMMUNITY, AreaRow.code == community)).first()
    if place is None:
        raise NotFound(f"没有编码为 {community} 的社区，请核对。")
    number = int(elder[1:]) if elder[:1] in ("L", "l") and elder[1:].isdecimal() else 0
    mine = (ElderRow.community_id == place.id, ElderRow.number == number, ElderRow.left_on.is_(None))
    found = tx.scalars(select(ElderRow.id).where(*mine)).first()
    if found is None:
        raise NotFound(f"{place.name}没有编号 {elder} 的老人，请写成 L0037 这样。")
    return add(tx, actor=console.actor(tx), community_id=place.id, elder_id=found, label=label, now=now)


def stop(tx: Session, *, actor: Actor, device_id: UUID, now: datetime) -> None:
    """Take a device out of use: its key opens nothing from now on."""
    row = tx.get(SignalDeviceRow, device_id)
    if row is None:
        raise NotFound()
    _check(tx, actor, row.community_id)
    tx.execute(update(SignalDeviceRow).where(SignalDeviceRow.id == device_id).values(active=False))
    audit(tx, "device.stop", actor_id=actor.user_id, subject_id=device_id, now=now)


def _check(session: Session, actor: Actor, community_id: UUID) -> None:
    path = session.scalar(select(AreaRow.path).where(AreaRow.id == community_id))
    access.check(actor, "care.plan", path or "-")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _device(row: SignalDeviceRow) -> Device:
    return Device(row.id, row.community_id, row.elder_id, row.label, row.active, row.heard_at)
