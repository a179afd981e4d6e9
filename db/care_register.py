"""The register of one community: everybody on it with what is missing, who has how many, coverage, visits."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from db import visit_rate
from db.care_scope import may_see
from db.models import (
    AreaRow,
    CareDutyRow,
    CareSlotRow,
    CheckWindowRow,
    ConsentRow,
    ElderContactRow,
    ElderRow,
    GrantRow,
    UserRow,
)
from db.namesakes import told_apart
from domain import access
from domain.access import Actor
from domain.care import WAITING, Duty, Scope, Sign, Slot, Tier, WindowState, code_text
from domain.care_register import Cover, Entry, Load, Visits, gaps
from domain.clock import local_date
from domain.kpis import KPIS, figure

_E, _W = ElderRow, CheckWindowRow
_DUTIES = {duty.value: duty for duty in Duty}


def listed(session: Session, *, actor: Actor, community_id: UUID, now: datetime) -> list[Entry]:
    """List everybody on the register of the actor's areas there, by number."""
    mine = (may_see(actor), _E.community_id == community_id, _E.left_on.is_(None))
    lookers, contacts = _lookers(session, mine), _contacts(session, mine)
    slots, consents, visits = _slots(session, mine), _consents(session, mine), _visits(session, mine, now)
    grid = aliased(AreaRow)
    query = (
        select(_E.id, _E.number, _E.tier, _E.sign, _E.joined_on, AreaRow.name, grid.name)
        .outerjoin(AreaRow, AreaRow.id == _E.building_id)
        .outerjoin(grid, grid.id == _E.grid_id)
        .where(*mine)
        .order_by(_E.number)
    )
    found = []
    for elder, number, tier, sign, joined, building, grid_name in session.execute(query):
        held, has = lookers.get(elder, {}), tuple(slots.get(elder, ()))
        missing = gaps(
            consented=elder in consents,
            slots=bool(has),
            primary=Duty.PRIMARY in held,
            backup=Duty.BACKUP in held,
            contacts=bool(contacts.get(elder)),
        )
        entry = Entry(
            id=elder,
            code=code_text(number),
            building=building or "",
            grid=grid_name or "",
            tier=Tier(tier),
            sign=Sign(sign),
            slots=has,
            lookers=held,
            contacts=contacts.get(elder, 0),
            consented_on=consents.get(elder),
            joined_on=joined,
            visited_on=visits.get(elder),
            gaps=missing,
        )
        found.append(entry)
    return found


def _of(query: Any, column: Any, mine: Iterable[Any]) -> Any:
    return query.join(_E, _E.id == column).where(*mine)


def _lookers(session: Session, mine: Iterable[Any]) -> dict[UUID, dict[Duty, tuple[UUID, str]]]:
    """Read who looks; a user who may no longer log in looks no more."""
    row = CareDutyRow
    query = select(row.elder_id, row.duty, row.user_id, UserRow.name).join(UserRow, UserRow.id == row.user_id)
    query = _of(query, row.elder_id, mine).where(row.valid_to.is_(None), UserRow.active)
    found: dict[UUID, dict[Duty, tuple[UUID, str]]] = defaultdict(dict)
    rows = session.execute(query).all()
    names = told_apart(session, {user: name for _, _, user, name in rows})
    for elder, duty, user, _ in rows:
        found[elder][_DUTIES[duty]] = (user, names[user])
    return found


def _contacts(session: Session, mine: Iterable[Any]) -> dict[UUID, int]:
    row = ElderContactRow
    query = _of(select(row.elder_id, func.count()), row.elder_id, mine).group_by(row.elder_id)
    return {elder: count for elder, count in session.execute(query)}  # noqa: C416


def _slots(session: Session, mine: Iterable[Any]) -> dict[UUID, list[Slot]]:
    row = CareSlotRow
    query = _of(select(row.elder_id, row.slot), row.elder_id, mine).where(row.active).order_by(row.opens_min)
    found: dict[UUID, list[Slot]] = defaultdict(list)
    for elder, slot in session.execute(query):
        found[elder].append(Slot(slot))
    return found


def _consents(session: Session, mine: Iterable[Any]) -> dict[UUID, date]:
    row = ConsentRow
    query = _of(select(row.elder_id, func.max(row.granted_on)), row.elder_id, mine)
    query = query.where(row.scope == Scope.WATCH, row.withdrawn_on.is_(None)).group_by(row.elder_id)
    return {elder: day for elder, day in session.execute(query)}  # noqa: C416


def _visits(session: Session, mine: Iterable[Any], now: datetime) -> dict[UUID, date]:
    """Read the newest visit of this month."""
    newest = visit_rate.visited(local_date(now).replace(day=1), local_date(now))
    query = select(_E.id, newest).where(*mine, newest.is_not(None))
    return {elder: day for elder, day in session.execute(query)}  # noqa: C416


# --- visits of a month --------------------------------------------------------------------------------------


def visits(session: Session, *, actor: Actor, community_id: UUID, now: datetime) -> Visits:
    """Count this month's visits and name exactly who has had none; the figure is that of the dictionary."""
    month, today = local_date(now).replace(day=1), local_date(now)
    counted = (may_see(actor), _E.community_id == community_id, *visit_rate.counted(month, today))
    query = select(_E.id, visit_rate.visited_in_person(month, today)).where(*counted)
    in_person = {elder: seen for elder, seen in session.execute(query)}  # noqa: C416
    listed_ = listed(session, actor=actor, community_id=community_id, now=now)
    entries = [entry for entry in listed_ if entry.id in in_person]
    missing = tuple(entry for entry in entries if entry.visited_on is None)
    visited = len(entries) - len(missing)
    rate = figure(KPIS["visit_rate"], visited, len(entries), as_of=now)
    return Visits(month, rate, visited - sum(in_person.values()), missing, len(listed_) - len(entries))


def unvisited(session: Session, *, actor: Actor, now: datetime) -> list[str]:
    """Give the codes of all who count in the actor's areas and whom nobody has visited or called this month."""
    month, today = local_date(now).replace(day=1), local_date(now)
    missing = visit_rate.visited(month, today).is_(None)
    query = select(_E.number).where(may_see(actor), *visit_rate.counted(month, today), missing).order_by(_E.number)
    return [code_text(number) for number in session.scalars(query)]


# --- who looks ----------------------------------------------------------------------------------------------


def loads(session: Session, *, actor: Actor, community_id: UUID) -> list[Load]:
    """List everybody who may look there, with how many elders they have; the fullest first."""
    access.check(actor, "checkins.read")
    row = CareDutyRow
    per = case((row.duty == Duty.PRIMARY.value, 1), else_=0)
    counted = (
        select(row.user_id, func.sum(per).label("first"), func.sum(1 - per).label("second"))
        .join(_E, _E.id == row.elder_id)
        .where(row.valid_to.is_(None), _E.left_on.is_(None), _E.community_id == community_id)
        .group_by(row.user_id)
        .subquery()
    )
    there = select(AreaRow.path).where(AreaRow.id == community_id).scalar_subquery()
    works = (
        select(GrantRow.user_id)
        .join(AreaRow, AreaRow.id == GrantRow.area_id)
        .where(AreaRow.community_id == community_id, AreaRow.path.startswith(there), GrantRow.valid_to.is_(None))
    )
    query = (
        select(UserRow.id, UserRow.name, func.coalesce(counted.c.first, 0), func.coalesce(counted.c.second, 0))
        .outerjoin(counted, counted.c.user_id == UserRow.id)
        .where(UserRow.active, UserRow.id.in_(works))
        .order_by(func.coalesce(counted.c.first, 0).desc(), UserRow.name)
    )
    found = session.execute(query).all()
    names = told_apart(session, {row[0]: row[1] for row in found})
    return [Load(user, names[user], first, second) for user, _, first, second in found]


# --- coverage -----------------------------------------------------------------------------------------------


def coverage(session: Session, *, actor: Actor, community_id: UUID, days: int, by: str, now: datetime) -> list[Cover]:
    """Count the looks of the last days, today among them, by "grid" or by "volunteer"; those least covered first."""
    today = local_date(now)
    name, owner = (AreaRow.name, _W.grid_id) if by == "grid" else (UserRow.name, _W.looker_id)
    states = (state for state in WindowState if state not in WAITING and state is not WindowState.EXCUSED)
    looked = [state.value for state in states if state is not WindowState.ALARM]
    over = case((_W.state == WindowState.EXCUSED.value, 0), (_W.grace_until <= now, 1), (_looked(looked), 1), else_=0)
    missed = [WindowState.ALARM.value, WindowState.UNCHECKED.value, WindowState.CLEARED_LATE.value]
    late = case((_W.state.in_(missed) & (_W.grace_until <= now), 1), else_=0)
    excused = case((_W.state == WindowState.EXCUSED.value, 1), else_=0)
    seen = case((_looked(looked), 1), else_=0)
    query = (
        select(owner, name, *(func.sum(part) for part in (over, seen, late, excused)))
        .select_from(_W)
        .outerjoin(AreaRow if by == "grid" else UserRow, (AreaRow.id if by == "grid" else UserRow.id) == owner)
        .where(may_see(actor, _W), _W.community_id == community_id)
        .where(_W.day > today - timedelta(days=days), _W.day <= today)
        .group_by(owner, name)
    )
    rows = session.execute(query).all()
    names = {key: label for key, label, *_ in rows if key}
    names = names if by == "grid" else told_apart(session, names)
    found = [Cover(names.get(key) or "未指定", *counts) for key, _, *counts in rows]
    return sorted(found, key=lambda cover: (cover.share if cover.share is not None else 2.0, cover.name))


def _looked(states: list[str]) -> Any:
    return _W.state.in_(states)
