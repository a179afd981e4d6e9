"""How a look is taken in: which window it is for, who may, and what follows for the window and its incident."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from db import alarms, incidents
from db.models import CareDutyRow, CheckWindowRow, ElderRow, IncidentRow, ObservationRow
from db.window_rows import times_of
from db.writes import put
from domain import access
from domain.access import Actor
from domain.care import OVER, UNDO_WITHIN, Look, Source, WindowState
from domain.clock import local_date
from domain.errors import KeyReused, NotAllowed, NotFound
from domain.fusion import Level, Verdict, weigh
from domain.incidents import ENDED_STATES, Cause, Found, IncidentState, Method
from domain.outbox import Severity
from domain.windows import Next, settle, waiting

_ENDED = tuple(state.value for state in ENDED_STATES)


@dataclass(frozen=True)
class Seen:
    """What became of a look: where its window stands, and the incident it belongs to."""

    observation_id: UUID
    window_id: UUID | None
    state: WindowState | None
    incident_id: UUID | None
    late: bool = False


@dataclass(frozen=True)
class Fact:
    """A look as it came in."""

    id: UUID
    look: Look
    source: Source
    at: datetime
    seen_by: UUID | None = None
    device_id: UUID | None = None
    undoes_id: UUID | None = None


def is_over(window: CheckWindowRow, now: datetime) -> bool:
    return window.state in OVER and (window.state != WindowState.SEEN_OK or now > window.grace_until)


def again(tx: Session, row: ObservationRow, look: Look, elder_id: UUID) -> Seen:
    if row.look != look or row.elder_id != elder_id:
        raise KeyReused()
    window = tx.get(CheckWindowRow, row.window_id) if row.window_id else None
    state = WindowState(window.state) if window else None
    incident = _incident(tx, row.window_id) if row.window_id else None
    return Seen(row.id, row.window_id, state, incident.id if incident else None, row.late)


def aim(
    tx: Session, window_id: UUID | None, elder_id: UUID | None, at: datetime, look: Look
) -> tuple[CheckWindowRow | None, ElderRow]:
    """Find the window that is meant, locked; by elder it is the one of that day that had opened last."""
    row, window = CheckWindowRow, None
    query = select(row).with_for_update().execution_options(populate_existing=True)
    if window_id is not None:
        window = tx.scalars(query.where(row.id == window_id)).first()
        if window is None:
            raise NotFound("没有找到这次查看，安排可能改过，请刷新后再看。")
    whose = window.elder_id if window is not None else elder_id
    elder = tx.get(ElderRow, whose) if whose else None
    if elder is None:
        raise NotFound("没有找到这位老人，可能已不在名册上。")
    if window is None and look is not Look.HELP:
        mine = (row.elder_id == elder.id, row.day == local_date(at), row.opens_at <= at)
        window = tx.scalars(query.where(*mine).order_by(row.opens_at.desc()).limit(1)).first()
    return window, elder


def check_looker(
    tx: Session, actor: Actor, elder: ElderRow, window: CheckWindowRow | None, seen_by: UUID | None
) -> None:
    """Let those look who are assigned, and the staff of the place; only staff enter what another saw."""
    staff = access.has(actor, "care.look", elder.area_path)
    for_other = seen_by is not None and seen_by != actor.user_id
    if actor.read_only or not (staff or (not for_other and is_assigned(tx, actor, elder.id, window))):
        raise NotAllowed("这位老人不在您的巡看名单里，请联系社区工作者。")


def is_assigned(session: Session, actor: Actor, elder_id: UUID, window: CheckWindowRow | None = None) -> bool:
    if window is not None and actor.user_id in (window.looker_id, window.backup_id):
        return True
    mine = (CareDutyRow.elder_id == elder_id, CareDutyRow.user_id == actor.user_id, CareDutyRow.valid_to.is_(None))
    return session.scalars(select(CareDutyRow.id).where(*mine)).first() is not None


def write(
    tx: Session,
    fact: Fact,
    elder: ElderRow,
    window: CheckWindowRow | None,
    actor: Actor | None,
    *,
    late: bool,
    now: datetime,
) -> None:
    values = {
        "id": fact.id,
        "community_id": elder.community_id,
        "elder_id": elder.id,
        "window_id": window.id if window is not None else None,
        "look": fact.look.value,
        "source": fact.source.value,
        "at": fact.at,
        "received_at": now,
        "by_id": actor.user_id if actor else None,
        "seen_by": fact.seen_by,
        "device_id": fact.device_id,
        "undoes_id": fact.undoes_id,
        "late": late,
    }
    put(tx, ObservationRow, values)


# --- what follows ------------------------------------------------------------------------------------------


def apply(tx: Session, row: CheckWindowRow, fact: Fact, actor: Actor | None, now: datetime) -> UUID | None:
    """Settle the window by all that was seen in it, with the incident that opens, hears of it, or ends."""
    incident = _incident(tx, row.id)
    running = incident is not None and incident.state not in _ENDED
    now_is, when, verdict = Next(WindowState(row.state), row.next_at), times_of(row), _verdict(tx, row.id)
    after = settle(now_is, when, verdict, now, alarmed=running, by_person=_may_clear(incident, actor))
    _move(tx, row, after, fact.at, fact.seen_by or (actor.user_id if actor else None))
    if after.state is WindowState.SEEN_CLOSED and not running:
        opened = alarms.open_incident(tx, row, Cause.CLOSED, now=now, actor=actor)
        if verdict.level is Level.URGENT:
            incidents.hurry(tx, incident_id=opened, wait=UNDO_WITHIN, now=now)
        return opened
    if incident is not None and running:
        _tell(tx, incident, after, fact, actor, now)
        if verdict.level is Level.URGENT and incident.severity > Severity.EMERGENCY:
            incidents.hurry(tx, incident_id=incident.id, wait=timedelta(), now=now)
    return incident.id if incident is not None else None


def _may_clear(incident: IncidentRow | None, actor: Actor | None) -> bool:
    """A call for help is closed by whoever answers it, never by a look; and a device closes nothing."""
    return actor is not None and (incident is None or incident.severity > Severity.EMERGENCY)


_O = ObservationRow.__table__.c
_WINDOW: BindParameter[UUID] = bindparam("window")
_UNDONE = select(_O.undoes_id).where(_O.undoes_id.is_not(None), _O.window_id == _WINDOW)
_SEEN = select(_O.look).where(_O.window_id == _WINDOW, _O.id.not_in(_UNDONE))


def _verdict(tx: Session, window_id: UUID) -> Verdict:
    return weigh(Look(look) for look in tx.scalars(_SEEN, {"window": window_id}))


def _move(tx: Session, row: CheckWindowRow, after: Next, at: datetime, who: UUID | None) -> None:
    changed = after.state != row.state
    row.state, row.next_at, row.version = after.state.value, after.at, row.version + 1
    if changed and after.state in (WindowState.SEEN_OK, WindowState.SEEN_CLOSED, WindowState.CLEARED_LATE):
        row.seen_at, row.seen_by = at, who
    tx.flush()


def _incident(tx: Session, window_id: UUID) -> IncidentRow | None:
    query = select(IncidentRow).where(IncidentRow.window_id == window_id)
    return tx.scalars(query.execution_options(populate_existing=True)).first()


def _tell(tx: Session, incident: IncidentRow, after: Next, fact: Fact, actor: Actor | None, now: datetime) -> None:
    if after.state is WindowState.CLEARED_LATE:
        by_voice = fact.look is Look.TALKED and fact.source is Source.CALL
        method = Method.TALKED if by_voice else Method.SEEN
        incidents.resolve_by_look(tx, incident_id=incident.id, found=Found.SAFE_HOME, method=method, by=actor, now=now)
    else:
        incidents.note_look(tx, incident_id=incident.id, look=fact.look, observation_id=fact.id, by=actor, now=now)


def call_for_help(tx: Session, elder: ElderRow, actor: Actor | None, now: datetime) -> UUID:
    """Open an incident at once, whatever else is known; what runs for the elder already takes it in."""
    tx.scalars(select(ElderRow.id).where(ElderRow.id == elder.id).with_for_update(key_share=True)).one()
    opened = incidents.open_(
        tx,
        community_id=elder.community_id,
        elder_id=elder.id,
        window=None,
        cause=Cause.BUTTON,
        severity=Severity.EMERGENCY,
        now=now,
        actor=actor,
    )
    return opened.id


def unapply(tx: Session, row: CheckWindowRow, undone: ObservationRow, actor: Actor, now: datetime) -> UUID | None:
    """Settle the window by what is left of the looks; the incident that this look opened was a slip."""
    incident, verdict = _incident(tx, row.id), _verdict(tx, row.id)
    state = WindowState(row.state)
    cause = Cause(incident.cause) if incident is not None and incident.state != IncidentState.WITHDRAWN else None
    running = incident is not None and incident.state not in _ENDED
    if incident is not None and running and cause is Cause.CLOSED and not verdict.no_sign:
        incidents.withdraw(tx, incident_id=incident.id, actor=actor, now=now)
        cause = None
    if incident is not None and cause and not running and incident.closed_at != undone.received_at:
        return incident.id  # somebody else has closed it; the timeline has all of it
    if state in (WindowState.EXCUSED, WindowState.CONFIRMED_EVENT):
        return incident.id if incident else None
    base = waiting(times_of(row), now) if cause is None else Next(WindowState.ALARM)
    after = settle(base, times_of(row), verdict, now, alarmed=cause is not None)
    _move(tx, row, after, undone.at, undone.seen_by or undone.by_id)
    if cause and not running:
        return alarms.open_incident(tx, row, cause, now=now, actor=actor)
    return incident.id if incident else None
