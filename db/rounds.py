"""What a volunteer walks today: own stops only, names as far as the elders agreed, nobody's absence dates."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from db import crypto, looks
from db.handovers import Handover
from db.incident_events import fresh
from db.incident_steps import nobody_answers
from db.models import (
    AreaRow,
    CareDutyRow,
    CareSlotRow,
    CheckWindowRow,
    ConsentRow,
    ElderContactRow,
    ElderRow,
    IncidentRow,
    ObservationRow,
    OutboxRow,
    PersonRow,
    RevealRow,
    UserRow,
)
from db.namesakes import told_apart
from db.observations import Seen
from db.writes import audit, first_result, remember
from domain import access, outbox
from domain.access import Actor, communities_of
from domain.care import ALARMED, OVER, WAITING, Duty, Scope, Sign, Slot, WindowState, code_text
from domain.clock import local_date
from domain.errors import NotAllowed, NotFound
from domain.ids import new_id
from domain.incidents import ENDED_STATES
from domain.outbox import MessageState, Reach, Template
from domain.people import REVEAL_LASTS, Purpose
from domain.points import month_of, next_month
from domain.rounds import Round, Stop, current_slot

_ASKED_OF_BACKUP = (WindowState.UNCHECKED, WindowState.ALARM)
_LOOKED = tuple(state.value for state in (OVER | ALARMED) - {WindowState.EXCUSED})
_ENDED = tuple(state.value for state in ENDED_STATES)


def today(session: Session, *, actor: Actor, now: datetime) -> Round:
    """Give the walk that is on now, or the next one of today."""
    day = local_date(now)
    stops = _stops(session, _mine(actor.user_id), day, actor.user_id)
    slot = current_slot(stops, now)
    return Round(day, slot, tuple(stop for stop in stops if stop.slot is slot))


def sheet(session: Session, *, actor: Actor, user_id: UUID | None, day: date, slot: Slot) -> tuple[str, Round]:
    """Give somebody's walk to be printed by staff, with that person's name."""
    access.check(actor, "care.read")
    name = session.scalar(select(UserRow.name).where(UserRow.id == user_id))
    stops = _stops(session, and_(CheckWindowRow.looker_id == user_id, _within(actor)), day, user_id)
    if name is None or not stops:
        raise NotFound("这一天没有这位志愿者的巡看，请核对日期和姓名。")
    return name, Round(day, slot, tuple(stop for stop in stops if stop.slot is slot))


def _within(actor: Actor) -> ColumnElement[bool]:
    grants = access.grants_for(actor, access.RIGHTS["care.read"])
    below = [CheckWindowRow.area_path.startswith(grant.area_path, autoescape=True) for grant in grants]
    return and_(CheckWindowRow.community_id.in_(communities_of(grants)), or_(*below))


def _mine(user_id: UUID) -> ColumnElement[bool]:
    window = CheckWindowRow
    stands_in = window.state.in_(_ASKED_OF_BACKUP) | window.looker_id.is_(None)
    return or_(window.looker_id == user_id, and_(window.backup_id == user_id, stands_in))


def _stops(session: Session, which: ColumnElement[bool], day: date, user_id: UUID | None) -> list[Stop]:
    building, window, elder = aliased(AreaRow), CheckWindowRow, ElderRow
    agreed = select(ConsentRow.id).where(
        ConsentRow.elder_id == elder.id, ConsentRow.scope == Scope.CALLED, ConsentRow.withdrawn_on.is_(None)
    )
    running = and_(IncidentRow.window_id == window.id, IncidentRow.state.not_in(_ENDED))
    query = (
        select(window, elder, building.name, IncidentRow.id, agreed.exists())
        .join(elder, elder.id == window.elder_id)
        .outerjoin(building, building.id == elder.building_id)
        .outerjoin(IncidentRow, running)
        .where(window.day == day, which)
        .order_by(elder.walk_order, elder.number)
    )
    found = session.execute(query).all()
    told = reached(session, [row[3] for row in found if row[3]])
    return [_stop(*row, reach=told.get(row[3]), user_id=user_id) for row in found]


def reached(session: Session, incident_ids: Collection[UUID]) -> dict[UUID, Reach]:
    """Tell of incidents how far the newest word of their steps got: who stands at the door must not wait for nobody."""
    if not incident_ids:
        return {}
    row = OutboxRow
    query = select(row.incident_id, row.created_at, row.state).where(row.incident_id.in_(incident_ids))
    sent: dict[UUID | None, dict[datetime, set[MessageState]]] = {one: {} for one in incident_ids}
    for incident, at, state in session.execute(query.where(row.template == Template.INCIDENT_STEP)):
        sent[incident].setdefault(at, set()).add(MessageState(state))
    return {one: outbox.reach(states[max(states)] if (states := sent[one]) else ()) for one in incident_ids}


def _stop(
    window: CheckWindowRow,
    elder: ElderRow,
    building: str | None,
    incident_id: UUID | None,
    agreed: bool,
    *,
    reach: Reach | None,
    user_id: UUID | None,
) -> Stop:
    code = code_text(elder.number)
    return Stop(
        window_id=window.id,
        elder_id=elder.id,
        community_id=window.community_id,
        code=code,
        name=(crypto.unseal(elder.called) if agreed else "") or code,
        building=building or "",
        place=crypto.unseal(elder.place),
        sign=Sign(window.sign),
        slot=Slot(window.slot),
        state=WindowState(window.state),
        opens_at=window.opens_at,
        due_at=window.due_at,
        seen_at=window.seen_at,
        hard_of_hearing=elder.hard_of_hearing,
        incident_id=incident_id,
        stands_in=window.looker_id not in (user_id, None),
        reach=reach,
    )


def looked_this_month(session: Session, *, actor: Actor, now: datetime) -> int:
    """Count the looks of this month that this person made themselves."""
    first = month_of(local_date(now))
    window = CheckWindowRow
    mine = or_(window.looker_id == actor.user_id, window.backup_id == actor.user_id)
    month = and_(window.day >= first, window.day < next_month(first))
    query = select(func.count()).where(mine, month, window.seen_by == actor.user_id, window.state.in_(_LOOKED))
    return session.scalar(query) or 0


@dataclass(frozen=True)
class Partner:
    """Somebody who could take over a round."""

    user_id: UUID
    name: str


def partners(session: Session, *, actor: Actor) -> list[Partner]:
    """List who shares an elder with this person: those who stand in for them, and for whom they do."""
    mine, theirs = aliased(CareDutyRow), aliased(CareDutyRow)
    query = (
        select(UserRow.id, UserRow.name)
        .join(theirs, theirs.user_id == UserRow.id)
        .join(mine, mine.elder_id == theirs.elder_id)
        .where(mine.user_id == actor.user_id, mine.valid_to.is_(None), theirs.valid_to.is_(None))
        .where(UserRow.id != actor.user_id, UserRow.active)
        .distinct()
        .order_by(UserRow.name)
    )
    found = {user: name for user, name in session.execute(query)}  # noqa: C416
    return [Partner(user, name) for user, name in told_apart(session, found).items()]


def asked_by(session: Session, *, handover: Handover) -> tuple[str, int]:
    """Give who asks one to take over a round, and how many stops it has."""
    name = session.scalar(select(UserRow.name).where(UserRow.id == handover.from_id)) or ""
    window = CheckWindowRow
    made = (window.looker_id == handover.from_id, window.day == handover.day, window.slot == handover.slot.value)
    count = session.scalar(select(func.count()).where(*made)) or 0
    planned = dict(_planned(session, handover.from_id, handover.day))
    return name, count or planned.get(handover.slot, 0)


@dataclass(frozen=True)
class Ahead:
    """A walk that could still be given to somebody else."""

    day: date
    slot: Slot
    count: int


def ahead(session: Session, *, actor: Actor, now: datetime) -> list[Ahead]:
    """List what is left of today and what comes tomorrow, by the windows or while there are none by the plans."""
    today = local_date(now)
    window, count = CheckWindowRow, func.count()
    waiting = [state.value for state in WAITING]
    query = (
        select(window.day, window.slot, count)
        .where(window.looker_id == actor.user_id, window.day >= today, window.state.in_(waiting))
        .group_by(window.day, window.slot)
    )
    found = {(day, Slot(slot)): n for day, slot, n in session.execute(query)}
    tomorrow = today + timedelta(days=1)
    if not any(day == tomorrow for day, _ in found):
        found |= {(tomorrow, slot): n for slot, n in _planned(session, actor.user_id, tomorrow)}
    return [Ahead(day, slot, found[day, slot]) for day, slot in sorted(found, key=lambda key: (key[0], _order(key[1])))]


def _order(slot: Slot) -> int:
    return list(Slot).index(slot)


def _planned(session: Session, user_id: UUID, day: date) -> list[tuple[Slot, int]]:
    plan = CareSlotRow
    query = (
        select(plan.slot, func.count())
        .join(CareDutyRow, CareDutyRow.elder_id == plan.elder_id)
        .join(ElderRow, ElderRow.id == plan.elder_id)
        .where(CareDutyRow.user_id == user_id, CareDutyRow.duty == Duty.PRIMARY, CareDutyRow.valid_to.is_(None))
        .where(ElderRow.left_on.is_(None), plan.active, plan.weekdays.op("&")(1 << day.weekday()) != 0)
        .group_by(plan.slot)
    )
    return [(Slot(slot), n) for slot, n in session.execute(query)]


# --- what is done ------------------------------------------------------------------------------------------


def undo(tx: Session, *, actor: Actor, observation_id: UUID, undo_id: UUID, after: timedelta, now: datetime) -> Seen:
    """Take back a tap. The phone says how long after the tap that was: slow networks don't eat the ten seconds."""
    seen_at = tx.scalar(select(ObservationRow.at).where(ObservationRow.id == observation_id))
    at = min(seen_at + after, now) if seen_at else now
    return looks.undo(tx, actor=actor, observation_id=observation_id, undo_id=undo_id, at=at, now=now)


def nobody_home(tx: Session, *, actor: Actor, window_id: UUID, key: str, now: datetime) -> None:
    """没人应: the next on the ladder is asked now, not when the looker's ten minutes are over."""
    request = {"do": "nobody_home", "actor": actor.user_id, "window": window_id}
    if first_result(tx, key, request):
        return
    found = _running(tx, window_id)
    if found is None:
        raise NotFound("这一户的预警已经结束，不用再等，谢谢您。")
    remember(tx, key, request, found, now=now)
    seen = fresh(tx, found).version
    call = {"actor": actor, "incident_id": found, "expected_version": seen, "key": f"{key}-n"}
    nobody_answers(tx, **call, now=now)  # type: ignore[arg-type]


def _running(session: Session, window_id: UUID) -> UUID | None:
    mine = (IncidentRow.window_id == window_id, IncidentRow.state.not_in(_ENDED))
    return session.scalars(select(IncidentRow.id).where(*mine)).first()


@dataclass(frozen=True)
class Number:
    """Whom one may call now: the elder, then who is to be asked about them."""

    who: str
    phone: str


def numbers(tx: Session, *, actor: Actor, window_id: UUID, now: datetime) -> list[Number]:
    """Open the elder's and the first contacts' telephones to who stands at the door; kept who asked."""
    query = select(CheckWindowRow, ElderRow).join(ElderRow, ElderRow.id == CheckWindowRow.elder_id)
    found = tx.execute(query.where(CheckWindowRow.id == window_id)).first()
    if found is None:
        raise NotFound()
    window, elder = found
    is_mine = actor.user_id in (window.looker_id, window.backup_id)
    if not is_mine or _running(tx, window_id) is None or actor.read_only:
        raise NotAllowed("这位老人现在没有需要您处理的预警，电话不显示。有事请打值班电话。")
    held = to_call(tx, elder)
    note(tx, actor, [person.id for _, person in held if person.phone], now)
    return numbers_of(held)


def to_call(session: Session, elder: ElderRow) -> list[tuple[str, PersonRow]]:
    """List whom one calls at the door: the elder, then the first two contacts."""
    contacts = session.execute(
        select(ElderContactRow.relation, PersonRow)
        .join(PersonRow, PersonRow.id == ElderContactRow.person_id)
        .where(ElderContactRow.elder_id == elder.id)
        .order_by(ElderContactRow.rank)
        .limit(2)
    )
    own = session.get_one(PersonRow, elder.person_id)
    return [("老人本人", own), *((relation, person) for relation, person in contacts)]


def numbers_of(held: Iterable[tuple[str, PersonRow]]) -> list[Number]:
    return [Number(who, crypto.unseal(person.phone)) for who, person in held if person.phone]


def note(tx: Session, actor: Actor, people: Iterable[UUID], now: datetime) -> None:
    """Keep that these people were opened to this viewer in an emergency, for fifteen minutes."""
    for person_id in people:
        values = {"user_id": actor.user_id, "person_id": person_id, "at": now, "until": now + REVEAL_LASTS}
        tx.add(RevealRow(id=new_id(), purpose=Purpose.EMERGENCY.value, ticket_id=None, **values))
        detail = Purpose.EMERGENCY.value
        audit(tx, "person.reveal", actor_id=actor.user_id, subject_id=person_id, detail=detail, now=now)
