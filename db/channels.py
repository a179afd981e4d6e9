"""Where messages go: robots and addresses of an area, their keys encrypted, and what they last answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db import areas, crypto
from db.models import AreaRow, ChannelRow, OutboxRow
from db.writes import audit, first_result, remember, update_version
from domain import access
from domain.access import Actor
from domain.channels import check_address, check_channel_name
from domain.delivery import Answer
from domain.errors import Invalid, NotFound
from domain.ids import new_id
from domain.outbox import UNSENT, ChannelKind, MessageState


@dataclass(frozen=True)
class Channel:
    """A channel as the settings show it: the address and the secret stay inside."""

    id: UUID
    area_id: UUID
    area_name: str
    kind: ChannelKind
    name: str
    signs: bool
    emergency_only: bool
    canary: bool
    active: bool
    muted_until: datetime | None
    ok_at: datetime | None
    failed_at: datetime | None
    last_code: str
    version: int


@dataclass(frozen=True)
class Line:
    """What a sender needs: never shown, never logged."""

    channel_id: UUID
    kind: ChannelKind
    address: str
    secret: str

    def __repr__(self) -> str:
        return f"Line({self.kind}, {self.channel_id})"


def listed(session: Session) -> list[Channel]:
    query = select(ChannelRow, AreaRow.name).join(AreaRow, AreaRow.id == ChannelRow.area_id)
    return [_channel(row, name) for row, name in session.execute(query.order_by(AreaRow.path, ChannelRow.name))]


def _channel(row: ChannelRow, area_name: str) -> Channel:
    return Channel(
        id=row.id,
        area_id=row.area_id,
        area_name=area_name,
        kind=ChannelKind(row.kind),
        name=row.name,
        signs=row.secret is not None,
        emergency_only=row.emergency_only,
        canary=row.canary,
        active=row.active,
        muted_until=row.muted_until,
        ok_at=row.ok_at,
        failed_at=row.failed_at,
        last_code=row.last_code,
        version=row.version,
    )


def line_of(row: ChannelRow) -> Line:
    return Line(row.id, ChannelKind(row.kind), crypto.unseal(row.address), crypto.unseal(row.secret))


def create(
    tx: Session,
    *,
    actor: Actor,
    area_id: UUID,
    kind: ChannelKind,
    name: str,
    address: str,
    secret: str = "",
    emergency_only: bool = False,
    canary: bool = False,
    key: str,
    now: datetime,
) -> UUID:
    access.check(actor, "settings", areas.get(tx, area_id).path)
    request = {"do": "channel", "area": area_id, "kind": kind, "name": name, "address": address, "secret": secret}
    if done := first_result(tx, key, request):
        return done
    sealed = {"address": crypto.seal(check_address(kind, address)), "secret": crypto.seal(secret.strip())}
    made = new_id()
    flags = {"emergency_only": emergency_only, "canary": canary}
    values = {"area_id": area_id, "kind": kind.value, "name": check_channel_name(name), **sealed, **flags}
    tx.execute(insert(ChannelRow).values(id=made, **values))
    audit(tx, "channel.create", actor_id=actor.user_id, subject_id=made, now=now)
    remember(tx, key, request, made, now=now)
    return made


def change(
    tx: Session,
    *,
    actor: Actor,
    channel_id: UUID,
    name: str,
    address: str = "",
    secret: str = "",
    emergency_only: bool,
    canary: bool,
    active: bool,
    expected_version: int,
    now: datetime,
) -> None:
    """Change a channel; an empty address or secret stays as it is, since neither is ever shown."""
    row = _row(tx, actor, channel_id)
    values = {"name": check_channel_name(name), "emergency_only": emergency_only, "canary": canary, "active": active}
    if address.strip():
        values["address"] = crypto.seal(check_address(ChannelKind(row.kind), address))
    if secret.strip():
        values["secret"] = crypto.seal(secret.strip())
    if active and not row.active:
        values |= {"muted_until": None}
    update_version(tx, ChannelRow, channel_id, expected_version, values)
    if not active:
        _give_up(tx, channel_id)
    audit(tx, "channel.change", actor_id=actor.user_id, subject_id=channel_id, now=now)


def _give_up(tx: Session, channel_id: UUID) -> None:
    """Show what a channel that is switched off still owed, where a person may send it elsewhere."""
    owed = (OutboxRow.channel_id == channel_id, OutboxRow.state.in_(UNSENT))
    tx.execute(update(OutboxRow).where(*owed).values(state=MessageState.DEAD.value, provider_code="switched_off"))


def _row(session: Session, actor: Actor, channel_id: UUID) -> ChannelRow:
    access.check(actor, "settings")
    row = session.get(ChannelRow, channel_id, populate_existing=True)
    if row is None:
        raise NotFound("没有找到这个通知渠道，请刷新后再选。")
    access.check(actor, "settings", areas.get(session, row.area_id).path)
    return row


def line_for_test(tx: Session, *, actor: Actor, channel_id: UUID, now: datetime) -> Line:
    """Give what a trial message by hand needs, at most one each few seconds."""
    row = _row(tx, actor, channel_id)
    if row.recent and now.timestamp() - row.recent[-1] < 3:
        raise Invalid("刚发过一条，请过几秒再试。")
    row.recent = [*row.recent, now.timestamp()][-20:]
    audit(tx, "channel.test", actor_id=actor.user_id, subject_id=channel_id, now=now)
    return line_of(row)


def note_answer(tx: Session, *, channel_id: UUID, answer: Answer, now: datetime) -> None:
    """Keep what the channel said last, and leave it alone for as long as it asks."""
    told: dict[str, object] = {"last_code": answer.code[:40], ("ok_at" if answer.ok else "failed_at"): now}
    if answer.wait > timedelta(0):
        told["muted_until"] = now + answer.wait
    tx.execute(update(ChannelRow).where(ChannelRow.id == channel_id).values(**told))
