"""Where messages go: robots and addresses of an area, their keys encrypted, and what they last answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db import areas, crypto, outbox
from db.models import AreaRow, ChannelRow, OutboxRow
from db.writes import audit, first_result, remember, update_version
from domain import access
from domain.access import RIGHTS, Actor
from domain.areas import Area, Level
from domain.channels import check_address, check_channel_name
from domain.delivery import Answer
from domain.errors import Invalid, NotFound, WrongState
from domain.ids import new_id
from domain.outbox import UNSENT, ChannelKind, MessageState, Severity, Template

TRIAL_EXPIRES = timedelta(minutes=2)
_STOPPED = (outbox.IS_UNSENT, OutboxRow.channel_id.in_(select(ChannelRow.id).where(ChannelRow.active.is_(False))))
REMOVED = b""  # instead of its address: the row stays for the messages that went through it


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
    query = query.where(ChannelRow.address != REMOVED)
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


def remove(tx: Session, *, actor: Actor, channel_id: UUID, expected_version: int, key: str, now: datetime) -> None:
    """Delete a channel with its address and secret, not what went through it; refused while something waits."""
    request = {"do": "channel.remove", "channel": channel_id, "actor": actor.user_id}
    if first_result(tx, key, request):
        return
    _row(tx, actor, channel_id)
    waits = (OutboxRow.channel_id == channel_id, OutboxRow.state.in_(UNSENT))
    if count := tx.scalar(select(func.count()).select_from(OutboxRow).where(*waits)):
        raise WrongState(
            f"还有{count}条消息等着从这个渠道发出，请等发完再删除。"
            "要马上停下，请先关掉“在用”并保存，没发的会列在“没有发出的消息”里。"
        )
    gone = {"address": REMOVED, "secret": None, "active": False, "canary": False}
    update_version(tx, ChannelRow, channel_id, expected_version, gone)
    audit(tx, "channel.remove", actor_id=actor.user_id, subject_id=channel_id, now=now)
    remember(tx, key, request, channel_id, now=now)


def leaves_silence(session: Session, *, channel_id: UUID) -> bool:
    """Tell whether an emergency of the channel's place would find no other."""
    path = areas.get(session, session.get_one(ChannelRow, channel_id).area_id).path
    return not set(outbox.covering(session, path, emergency=True)) - {channel_id}


def owes_stopped(session: Session) -> bool:
    """Tell whether a channel that is switched off owes anything: asked each minute, and mostly it does not."""
    return session.execute(select(OutboxRow.id).where(*_STOPPED).limit(1)).first() is not None


def settle_stopped(tx: Session) -> int:
    """Show what a channel came to owe while, or after, it was switched off: nothing sends it, and nobody would know."""
    done = tx.execute(
        update(OutboxRow).where(*_STOPPED).values(state=MessageState.DEAD.value, provider_code="switched_off")
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _give_up(tx: Session, channel_id: UUID) -> None:
    """Show what a channel that is switched off still owed, where a person may send it elsewhere."""
    owed = (OutboxRow.channel_id == channel_id, OutboxRow.state.in_(UNSENT))
    tx.execute(update(OutboxRow).where(*owed).values(state=MessageState.DEAD.value, provider_code="switched_off"))


def _row(session: Session, actor: Actor, channel_id: UUID) -> ChannelRow:
    access.check(actor, "settings")
    row = session.get(ChannelRow, channel_id, populate_existing=True)
    if row is None or row.address == REMOVED:
        raise NotFound("没有找到这个通知渠道，请刷新后再选。")
    access.check(actor, "settings", areas.get(session, row.area_id).path)
    return row


def places(session: Session, *, actor: Actor) -> list[Area]:
    """List the areas that may have a channel: streets, communities and grids, each after what it lies in."""
    reach = [grant.area_path for grant in access.grants_for(actor, RIGHTS["settings"])]
    inside = (area for area in areas.tree(session) if area.path.startswith(tuple(reach)))
    return [area for area in inside if area.level not in (Level.BUILDING, Level.UNIT)]


def owe_trial(tx: Session, *, actor: Actor, channel_id: UUID, key: str, now: datetime) -> UUID:
    """Owe a trial message, which the worker sends within seconds; give its id, for `answer_to`."""
    row = _row(tx, actor, channel_id)
    request = {"do": "channel.trial", "channel": channel_id}
    if done := first_result(tx, key, request):
        return done
    if not row.active:
        raise Invalid("这个渠道已停用，请先改为在用。")
    area = areas.get(tx, row.area_id)
    dedupe = f"trial:{key}"
    outbox.owe(
        tx,
        [channel_id],
        community_id=area.community_id or area.id,
        area_path=area.path,
        template=Template.CANARY,
        body={},
        severity=Severity.EMERGENCY,  # at any hour, and before others
        dedupe=dedupe,
        expires_at=now + TRIAL_EXPIRES,
        now=now,
    )
    made = tx.scalars(select(OutboxRow.id).where(OutboxRow.dedupe_key.startswith(dedupe))).one()
    audit(tx, "channel.trial", actor_id=actor.user_id, subject_id=channel_id, now=now)
    remember(tx, key, request, made, now=now)
    return made


def answer_to(session: Session, *, message_id: UUID) -> tuple[MessageState, str]:
    """Tell how a trial went, or how far it is, with the channel's code."""
    row = session.get_one(OutboxRow, message_id, populate_existing=True)
    return MessageState(row.state), row.provider_code


def note_answer(tx: Session, *, channel_id: UUID, answer: Answer, now: datetime) -> None:
    """Keep what the channel said last, and leave it alone for as long as it asks."""
    told: dict[str, object] = {"last_code": answer.code[:40], ("ok_at" if answer.ok else "failed_at"): now}
    if answer.wait > timedelta(0):
        told["muted_until"] = now + answer.wait
    tx.execute(update(ChannelRow).where(ChannelRow.id == channel_id).values(**told))
