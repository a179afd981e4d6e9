"""What was seen: appended, never changed, each under the client's own id."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from db.models import CheckWindowRow, ObservationRow, SignalDeviceRow
from db.observations import Fact, Seen, again, aim, apply, call_for_help, check_looker, is_over, unapply, write
from db.signal_devices import Device
from db.writes import audit, bump, first_result, remember
from domain.access import Actor
from domain.care import OVER, UNDO_WITHIN, Look, Slot, Source, WindowState
from domain.clock import local
from domain.errors import Invalid, NotFound, Refused, WrongState
from domain.live import Topic
from domain.windows import AHEAD

__all__ = ["MOST_AT_ONCE", "Seen", "Signal", "all_but", "observe", "signals", "undo"]

MOST_AT_ONCE = 500
EARLY = timedelta(hours=1)  # a look so long before its slot counts; what is seen at noon says nothing of the evening
SLACK = timedelta(seconds=2)  # between a tap and its telling: both are dated by how long ago they were


def observe(
    tx: Session,
    *,
    actor: Actor | None,
    look: Look,
    source: Source,
    at: datetime,
    observation_id: UUID,
    window_id: UUID | None = None,
    elder_id: UUID | None = None,
    seen_by: UUID | None = None,
    device_id: UUID | None = None,
    now: datetime,
) -> Seen:
    """Take in a look. The same id again changes nothing and tells how it stands now."""
    if look is Look.UNDO:
        raise Invalid("撤销要指明是哪一次查看。", field="look")
    fact = Fact(observation_id, look, source, min(at, now) if at - now > AHEAD else at, seen_by, device_id)
    window, elder = aim(tx, window_id, elder_id, fact.at, look)
    if actor is not None:
        check_looker(tx, actor, elder, window, seen_by)
    if before := tx.get(ObservationRow, observation_id):
        return again(tx, before, look, elder.id)
    if window is not None and look is not Look.HELP and now < window.opens_at - EARLY:
        raise WrongState(f"这一次查看{local(window.opens_at):%H:%M}才开始，没有记上，请到时再看；有事请打值班电话。")
    late = look is not Look.HELP and (window is None or is_over(window, now))
    write(tx, fact, elder, window, actor, late=late, now=now)
    if look is Look.HELP:
        incident: UUID | None = call_for_help(tx, elder, actor, now)
    else:
        incident = apply(tx, window, fact, actor, now) if window is not None else None
    bump(tx, elder.community_id, Topic.CARE)
    state = WindowState(window.state) if window is not None else None
    return Seen(fact.id, window.id if window is not None else None, state, incident, late)


# --- taking one back ---------------------------------------------------------------------------------------


def undo(
    tx: Session,
    *,
    actor: Actor,
    observation_id: UUID,
    undo_id: UUID,
    at: datetime | None = None,
    now: datetime,
) -> Seen:
    """Take back one's own look within ten seconds of it; `at` is when that was asked for on the phone."""
    row = tx.get(ObservationRow, observation_id)
    if row is None or row.by_id != actor.user_id or row.look == Look.UNDO:
        raise NotFound("没有找到要撤销的这一次，请刷新后再看。")
    window, elder = aim(tx, row.window_id, row.elder_id, row.at, Look(row.look))
    if before := tx.get(ObservationRow, undo_id):
        return again(tx, before, Look.UNDO, elder.id)
    taken = select(ObservationRow.id).where(ObservationRow.undoes_id == observation_id)
    if tx.scalars(taken).first() is not None:
        raise WrongState("这一次已经撤销过了。")
    asked_at = min(at or now, now)
    if not -SLACK <= asked_at - row.at <= UNDO_WITHIN + SLACK:
        seconds = int(UNDO_WITHIN.total_seconds())
        raise WrongState(f"只能在{seconds}秒内撤销，请打电话告诉社区值班。")
    fact = Fact(undo_id, Look.UNDO, Source(row.source), asked_at, row.seen_by, None, observation_id)
    write(tx, fact, elder, window, actor, late=False, now=now)
    incident = unapply(tx, window, row, actor, now) if window is not None and not row.late else None
    bump(tx, elder.community_id, Topic.CARE)
    state = WindowState(window.state) if window is not None else None
    return Seen(undo_id, row.window_id, state, incident)


# --- at the desk -------------------------------------------------------------------------------------------


def all_but(
    tx: Session,
    *,
    actor: Actor,
    looker_id: UUID,
    day: date,
    slot: Slot,
    closed: Collection[UUID],
    unclear: Collection[UUID] = (),
    key: str,
    now: datetime,
) -> list[Seen]:
    """Enter a whole round for a volunteer: 全部已拉开，除…; what somebody saw already stays as it is."""
    request = {"do": "looks.all_but", "actor": actor.user_id, "looker": looker_id, "day": day, "slot": slot}
    request |= {"closed": sorted(i.hex for i in closed), "unclear": sorted(i.hex for i in unclear)}
    row = CheckWindowRow
    mine = (row.looker_id == looker_id, row.day == day, row.slot == slot.value)
    rows = tx.scalars(select(row).where(*mine).order_by(row.id).with_for_update()).all()
    if first_result(tx, key, request) is None:
        remember(tx, key, request, looker_id, now=now)
        audit(tx, "looks.all_but", actor_id=actor.user_id, subject_id=looker_id, now=now)
    if not rows or not {*closed, *unclear} <= {window.id for window in rows}:
        raise NotFound("这位志愿者在这个时段没有这些巡看，请刷新后核对。")
    done = []
    for window in rows:
        if window.opens_at > now:
            raise WrongState("这一时段还没开始，不能代录。")
        look = Look.CLOSED if window.id in closed else Look.UNCLEAR if window.id in unclear else Look.OK
        if look is Look.OK and WindowState(window.state) in OVER | {WindowState.SEEN_CLOSED}:
            continue
        call = {"look": look, "source": Source.DESK, "at": now, "seen_by": looker_id, "window_id": window.id}
        done.append(observe(tx, actor=actor, observation_id=uuid5(window.id, key), **call, now=now))  # type: ignore[arg-type]
    return done


# --- devices -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signal:
    """What a device says: under an id of its own, about its elder."""

    id: UUID
    look: Look
    at: datetime


_FROM_DEVICES = frozenset({Look.HELP, Look.FINE, Look.WEAK, Look.NONE, Look.OFFLINE})


def signals(tx: Session, *, device: Device, items: Sequence[Signal], now: datetime) -> list[Seen | str]:
    """Take in what a device sends, each under its own id; what can't be taken is told in words, the rest stands."""
    if len(items) > MOST_AT_ONCE:
        raise Invalid(f"一次最多{MOST_AT_ONCE}条信号，请分批。")
    heard = (SignalDeviceRow.id == device.id, or_(SignalDeviceRow.heard_at.is_(None), SignalDeviceRow.heard_at < now))
    tx.execute(update(SignalDeviceRow).where(*heard).values(heard_at=now))
    return [_signal(tx, device, item, now) for item in items]


def _signal(tx: Session, device: Device, item: Signal, now: datetime) -> Seen | str:
    if item.look not in _FROM_DEVICES or device.elder_id is None:
        return "这台设备不能发这种信号。"
    source = Source.ELDER if item.look in (Look.HELP, Look.FINE) else Source.DEVICE
    call = {"look": item.look, "source": source, "at": item.at, "elder_id": device.elder_id, "device_id": device.id}
    try:
        return observe(tx, actor=None, observation_id=item.id, **call, now=now)  # type: ignore[arg-type]
    except Refused as refused:
        return refused.message
