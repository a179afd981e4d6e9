"""An incident's row and its timeline: read one, write the next. Every change of an incident comes through here."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, false, func, or_, select, update
from sqlalchemy.orm import Session

from db import stat_checkin_writes
from db.models import (
    CheckWindowRow,
    CounterRow,
    ElderContactRow,
    ElderRow,
    IncidentEventRow,
    IncidentNoteRow,
    IncidentRow,
    TicketRow,
    UserRow,
)
from db.models.incidents import RUNNING
from db.writes import bump, canonical, put
from domain import replay
from domain.access import RIGHTS, Actor, grants_for
from domain.clock import local
from domain.errors import Changed, NotAllowed, NotFound
from domain.ids import new_id
from domain.incidents import (
    ACTION_LABELS,
    ENDED_STATES,
    Cause,
    Found,
    Incident,
    IncidentAction,
    IncidentState,
    no_text,
)
from domain.live import Topic
from domain.tickets import Status

BATCH = 500
_EVENT = IncidentEventRow.__table__.c
_I = IncidentRow.__table__.c
_SET = update(IncidentRow.__table__).where(_I.id == bindparam("incident"), _I.version == bindparam("seen"))  # type: ignore[arg-type]
# what the hash of an event covers: all but the chain itself; the words may be erased
_HASHED = [column.name for column in _EVENT if column.name not in ("prev_hash", "hash")]


class Call(TypedDict):
    """What every step of an incident carries: who, on which as they saw it, the form's key, and when."""

    actor: Actor
    incident_id: UUID
    expected_version: int
    key: str
    now: datetime


def incident_of(row: IncidentRow) -> Incident:
    return Incident(
        id=row.id,
        no=no_text(row.number),
        community_id=row.community_id,
        elder_id=row.elder_id,
        window_id=row.window_id,
        ticket_id=row.ticket_id,
        cause=Cause(row.cause),
        severity=row.severity,
        state=IncidentState(row.state),
        step=row.step,
        repeat_no=row.repeat_no,
        next_step_at=row.next_step_at,
        acked_by=row.acked_by,
        eta_at=row.eta_at,
        found=Found(row.found) if row.found else None,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        version=row.version,
    )


def fresh(tx: Session, incident_id: UUID) -> IncidentRow:
    """Read the row as it is now; in read committed others may have written since."""
    row = tx.get(IncidentRow, incident_id, populate_existing=True)
    if row is None:
        raise NotFound("没有找到这条预警，可能不在您的辖区。")
    return row


def is_over(row: IncidentRow) -> bool:
    return IncidentState(row.state) in ENDED_STATES


# --- who may -----------------------------------------------------------------------------------------


def inside(actor: Actor, right: str) -> ColumnElement[bool]:
    """Say in SQL "in an area where this right holds"; the community leads, as the indexes do."""
    parts: list[ColumnElement[bool]] = []
    for grant in grants_for(actor, RIGHTS[right]):
        held: ColumnElement[bool] = IncidentRow.community_id.in_(grant.community_ids)
        if not grant.whole_communities:
            held = and_(held, IncidentRow.area_path.startswith(grant.area_path))
        parts.append(held)
    return or_(false(), *parts)


def is_tied(session: Session, actor: Actor, row: IncidentRow) -> bool:
    """Tell whether the incident is in this person's hands: they answered it, go there, or the look was theirs."""
    if actor.user_id in (row.responder_id, row.acked_by) or _goes_there(session, actor, row):
        return True
    w = CheckWindowRow
    mine = or_(w.looker_id == actor.user_id, w.backup_id == actor.user_id)
    query = select(w.id).where(w.id == row.window_id, mine)
    return row.window_id is not None and session.scalars(query).first() is not None


def _goes_there(session: Session, actor: Actor, row: IncidentRow) -> bool:
    """Tell whether they work on its ticket: a colleague may have answered since, or it was opened again."""
    t = TicketRow
    query = select(t.id).where(t.id == row.ticket_id, t.handler_id == actor.party_id, t.status == Status.IN_PROGRESS)
    return None not in (row.ticket_id, actor.party_id) and session.scalars(query).first() is not None


def may(session: Session, actor: Actor, right: str, row: IncidentRow) -> bool:
    return bool(actor.roles_at(row.area_path) & RIGHTS[right]) or (
        right in ("incidents.read", "incidents.work") and is_tied(session, actor, row)
    )


def check(session: Session, actor: Actor, right: str, row: IncidentRow) -> None:
    """Refuse who may not; of an incident out of sight it isn't even said that it is there."""
    if not may(session, actor, "incidents.read", row):
        raise NotFound("没有找到这条预警，可能不在您的辖区。")
    if actor.read_only or not may(session, actor, right, row):
        raise NotAllowed(f"您没有对预警 {no_text(row.number)} 做这一步的权限，请联系社区值班。")


def names(session: Session, actor: Actor, person_id: UUID) -> bool:
    """Tell whether an open incident in this person's hands is about this elder, or one of their contacts.

    Breaking the glass: whoever goes to the door needs to know which, and whom to ring, without asking first.
    """
    theirs = select(ElderContactRow.elder_id).where(ElderContactRow.person_id == person_id)
    elders = select(ElderRow.id).where(or_(ElderRow.person_id == person_id, ElderRow.id.in_(theirs)))
    rows = session.scalars(select(IncidentRow).where(IncidentRow.elder_id.in_(elders), RUNNING)).all()
    return not actor.read_only and any(may(session, actor, "incidents.work", row) for row in rows)


# --- the chain ---------------------------------------------------------------------------------------


def last_at(session: Session, row: IncidentRow) -> datetime:
    query = select(_EVENT.at).where(_EVENT.incident_id == row.id, _EVENT.seq == row.version)
    return session.scalars(query).first() or row.opened_at


def moment(session: Session, row: IncidentRow, now: datetime) -> datetime:
    """Give a moment not before the timeline's end: a clock set back must not shorten an answer's time."""
    return max(now, last_at(session, row))


def make_event(prev_hash: str, **columns: Any) -> dict[str, Any]:
    event = {"id": new_id(), **columns}
    return event | {"hash": replay.chain(prev_hash, canonical(event)), "prev_hash": prev_hash}


def append(
    tx: Session,
    row: IncidentRow,
    action: IncidentAction,
    *,
    at: datetime,
    actor_id: UUID | None,
    values: dict[str, Any] | None = None,
    detail: dict[str, Any] | None = None,
    note: str = "",
) -> IncidentRow:
    """Write the row's new values and the event that tells of them, if nobody else was first."""
    values = values or {}
    event = make_event(
        row.event_hash,
        incident_id=row.id,
        community_id=row.community_id,
        seq=row.version + 1,
        action=action.value,
        to_state=str(values.get("state", row.state)),
        actor_id=actor_id,
        at=at,
        detail=detail or {},
    )
    stat_checkin_writes.touch_incident(tx, row)
    values = values | {"version": event["seq"], "event_hash": event["hash"]}
    done = tx.execute(_SET, {"incident": row.id, "seen": row.version, **values})
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Changed(f"预警 {no_text(row.number)} 刚有变化，请看一看最新情况再继续。")
    put(tx, IncidentEventRow, event)
    if note:
        put(tx, IncidentNoteRow, {"event_id": event["id"], "incident_id": row.id, "body": note})
    bump(tx, row.community_id, Topic.CARE)
    return fresh(tx, row.id)


def newest_by(session: Session, row: IncidentRow, actions: tuple[IncidentAction, ...], since: int) -> Changed | None:
    """Say who took one of these steps since the version that somebody saw; nothing if nobody did."""
    e = IncidentEventRow
    query = (
        select(e.action, e.at, UserRow.name)
        .outerjoin(UserRow, UserRow.id == e.actor_id)
        .where(e.incident_id == row.id, e.seq > since, e.action.in_(actions))
        .order_by(e.seq.desc())
    )
    found = session.execute(query.limit(1)).first()
    if found is None:
        return None
    action, at, name = found
    told = (
        f"{name or '系统'}在 {local(at):%H:%M} 已对预警 {no_text(row.number)} “{ACTION_LABELS[IncidentAction(action)]}”"
    )
    return Changed(f"{told}，请看一看最新情况再继续，您填的内容还在。")


# --- for fsck ----------------------------------------------------------------------------------------


def problems(session: Session) -> Iterator[str]:
    """Name each incident whose timeline is not whole, or whose row says something else than it."""
    next_ids = select(IncidentRow.id).order_by(IncidentRow.id).limit(BATCH)
    ids = list(session.scalars(next_ids))
    while ids:
        yield from _batch(session, ids)
        ids = list(session.scalars(next_ids.where(IncidentRow.id > ids[-1])))
    yield from _numbers(session)


def _batch(session: Session, ids: list[UUID]) -> Iterator[str]:
    events: dict[UUID, list[Any]] = {one: [] for one in ids}
    for event in session.execute(select(*_EVENT).where(_EVENT.incident_id.in_(ids)).order_by(_EVENT.seq)):
        events[event.incident_id].append(event)
    i = IncidentRow
    for row in session.execute(select(i.id, i.number, i.version, i.event_hash, i.state).where(i.id.in_(ids))):
        yield from (f"预警 {no_text(row.number)} {line}" for line in _whole(row, events[row.id]))


def _whole(row: Any, events: list[Any]) -> Iterator[str]:
    before = ""
    for number, event in enumerate(events, 1):
        if event.seq != number:
            yield f"第 {number} 条记录的序号是 {event.seq}"
        if event.prev_hash != before:
            yield f"第 {event.seq} 条记录与上一条不相连"
        if event.hash != replay.chain(event.prev_hash, canonical({name: getattr(event, name) for name in _HASHED})):
            yield f"第 {event.seq} 条记录的内容与校验值不符"
        before = event.hash
    if row.version != len(events):
        yield f"应有 {row.version} 条记录，实有 {len(events)} 条"
    if events and (row.event_hash, row.state) != (events[-1].hash, events[-1].to_state):
        yield "与最后一条记录不符"


def _numbers(session: Session) -> Iterator[str]:
    highest = select(IncidentRow.community_id, func.max(IncidentRow.number).label("number"))
    top = highest.group_by(IncidentRow.community_id).subquery()
    counter = (CounterRow.community_id == top.c.community_id) & (CounterRow.name == "incident")
    query = select(top.c.number, func.coalesce(CounterRow.value, 0)).outerjoin(CounterRow, counter)
    for number, value in session.execute(query):
        if value < number:
            yield f"预警的编号计数是 {value}，已有 {no_text(number)}"
