"""平安守望 today: every elder of the viewer's areas with the look of this slot, in the viewer's scope by SQL."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import coalesce

from db.care_scope import communities, may_see
from db.models import AreaRow, CheckWindowRow, ElderRow, IncidentRow, UserRow
from db.models.incidents import RUNNING
from db.namesakes import told_apart
from db.writes import stamps
from domain.access import Actor
from domain.care import ALARMED, OVER, Sign, Slot, Tier, WindowState, code_text
from domain.care_board import CareBoard, Filters, Tile, TileState, part_of, slot_now, state_of
from domain.clock import local_date
from domain.incidents import AT_THE_DOOR
from domain.live import Topic

_E, _W, _I = ElderRow, CheckWindowRow, IncidentRow
# who is to look is worth a word only while somebody still has to
_NAMED = frozenset({TileState.UNCHECKED, TileState.UNCLEAR, TileState.WAITING})
_ENDED = select(_I.closed_at).where(_I.window_id == _W.id).correlate(_W).scalar_subquery()
# the one moment that matters in a state: until when or since when somebody is to look, when it was seen, or, of
# what was an incident, when that was over: the first look was the one that found the curtain closed
_MOMENT = case(
    (_W.state == WindowState.SCHEDULED.value, _W.opens_at),
    (_W.state.in_([WindowState.CLEARED_LATE.value, WindowState.CONFIRMED_EVENT.value]), coalesce(_ENDED, _W.seen_at)),
    (_W.state.in_([state.value for state in (*OVER, *ALARMED)]), _W.seen_at),
    (_W.state == WindowState.UNCLEAR.value, coalesce(_W.next_at, _W.due_at)),  # when the second look is due
    else_=_W.due_at,
).label("moment")
_WINDOWS = {state.value: state for state in WindowState}
_TIERS, _SIGNS = {t.value: t for t in Tier}, {s.value: s for s in Sign}  # calling an enum costs more than a look-up


@dataclass(frozen=True)
class Running:
    """An elder's open incident, as far as a tile tells of it."""

    incident_id: UUID
    severity: int
    opened_at: datetime
    acked_by: UUID | None
    eta: datetime | None
    state: str
    version: int

    @property
    def taken(self) -> bool:
        """Tell whether somebody is seeing to it; who said when they would be there and was not, is not."""
        return self.acked_by is not None and (self.eta is not None or self.state in AT_THE_DOOR)


def today(session: Session, *, actor: Actor, filters: Filters, now: datetime) -> CareBoard:
    """Read every active elder's tile of one slot of today."""
    stamp = stamps(session, communities(actor), Topic.CARE)
    day, slot = local_date(now), filters.slot or slot_now(now)
    running = open_incidents(session, actor)
    rows = session.execute(_tiles(actor, filters, day, slot)).all()
    names = names_of(session, {row.looker_id for row in rows} | {one.acked_by for one in running.values()})
    tiles = [_tile(row, running, names, now) for row in rows]
    counts = Counter(part_of(tile.state) for tile in tiles)
    kept = tuple(t for t in tiles if filters.part is None or part_of(t.state) is filters.part)
    return CareBoard(kept, counts, day, slot, now, stamp, filters)


def open_incidents(session: Session, actor: Actor) -> dict[UUID, Running]:
    """Read what is open for each elder: of several the most severe, of those the oldest."""
    query = (
        select(_I.elder_id, _I.id, _I.severity, _I.opened_at, _I.acked_by, _I.eta_at, _I.state, _I.version)
        .where(RUNNING, may_see(actor, _I))
        .order_by(_I.severity.desc(), _I.opened_at.desc())
    )
    return {row[0]: Running(*row[1:]) for row in session.execute(query)}


def incident_of(session: Session, *, actor: Actor, elder_id: UUID) -> UUID | None:
    """Give the open incident that an elder's tile stands for."""
    found = open_incidents(session, actor).get(elder_id)
    return found.incident_id if found else None


def versions(session: Session, *, actor: Actor, incident_ids: Collection[UUID]) -> dict[UUID, int]:
    """Read how often these incidents have changed, those that the actor may see."""
    if not incident_ids:
        return {}
    query = select(_I.id, _I.version).where(_I.id.in_(incident_ids), may_see(actor, _I))
    return {incident: version for incident, version in session.execute(query)}  # noqa: C416


def volunteers(session: Session, *, actor: Actor, day: date) -> dict[UUID, str]:
    """Name who looks today in the viewer's areas, for the filter."""
    wanted = select(_W.looker_id).where(_W.day == day, may_see(actor, _W)).distinct()
    query = select(UserRow.id, UserRow.name).where(UserRow.id.in_(wanted)).order_by(UserRow.name)
    return told_apart(session, {user: name for user, name in session.execute(query)})  # noqa: C416


@dataclass(frozen=True)
class Stop:
    """A look of somebody's round, for the desk that enters it."""

    window_id: UUID
    code: str
    building: str
    sign: Sign
    state: WindowState


def rounds(session: Session, *, actor: Actor, day: date, slot: Slot) -> dict[UUID, tuple[str, tuple[Stop, ...]]]:
    """List the rounds of a slot by who walks them, with their stops in walking order."""
    query = (
        select(_W.looker_id, UserRow.name, _W.id, _E.number, AreaRow.name, _W.sign, _W.state)
        .join(_E, _E.id == _W.elder_id)
        .join(UserRow, UserRow.id == _W.looker_id)
        .outerjoin(AreaRow, AreaRow.id == _E.building_id)
        .where(_W.day == day, _W.slot == slot, may_see(actor, _W))
        .order_by(UserRow.name, _W.looker_id, _E.walk_order, _E.number)
    )
    found: dict[UUID, tuple[str, tuple[Stop, ...]]] = {}
    rows: Any = session.execute(query)
    for looker, name, window, number, building, sign, state in rows:
        stop = Stop(window, code_text(number), building or "", Sign(sign), WindowState(state))
        found[looker] = (name, (*found.get(looker, (name, ()))[1], stop))
    names = told_apart(session, {looker: name for looker, (name, _) in found.items()})
    return {looker: (names[looker], stops) for looker, (_, stops) in found.items()}


def _tiles(actor: Actor, filters: Filters, day: date, slot: Slot) -> Any:
    of_slot = and_(_W.elder_id == _E.id, _W.day == day, _W.slot == slot)
    columns = (*(_E.id, _E.number, _E.tier, _E.sign, AreaRow.name, _W.state, _MOMENT, _W.looker_id, _W.version),)
    return (
        select(*columns)
        .outerjoin(_W, of_slot)
        .outerjoin(AreaRow, AreaRow.id == _E.building_id)
        .where(may_see(actor), _E.left_on.is_(None), *conditions(filters, _W.looker_id))
        .order_by(_E.number)
    )


def conditions(filters: Filters, looker: Any) -> Iterable[ColumnElement[bool]]:
    """Say in SQL what the filters let through, all but the state: its counts stay in sight."""
    if filters.community_id:
        yield _E.community_id == filters.community_id
    if filters.grid_id:
        yield _E.grid_id == filters.grid_id
    if filters.tier:
        yield _E.tier == filters.tier
    if filters.sign:
        yield _E.sign == filters.sign
    if filters.volunteer_id:
        yield looker == filters.volunteer_id
    if filters.text:
        digits = re.fullmatch(r"[Ll]?0*(\d{1,7})", filters.text)
        yield _E.number == (int(digits[1]) if digits else -1)


def names_of(session: Session, users: Collection[UUID | None]) -> dict[UUID | None, str]:
    """Name these users; two of them with one name are told apart."""
    query = select(UserRow.id, UserRow.name).where(UserRow.id.in_({user for user in users if user}))
    return dict(told_apart(session, {user: name for user, name in session.execute(query)}).items())  # noqa: C416


def _tile(row: Any, running: Mapping[UUID, Running], names: Mapping[UUID | None, str], now: datetime) -> Tile:
    elder, number, tier, sign, building, held, at, looker, version = row
    open_ = running.get(elder)
    window = _WINDOWS[held] if held else None
    state = state_of(window, at, now, incident=open_ is not None, taken=open_ is not None and open_.taken)
    base = (elder, code_text(number), building or "", state, _TIERS[tier], _SIGNS[sign])
    if open_:
        seen = f"{version or 0}.{state}.{open_.version}"
        more = (open_.incident_id, open_.severity, open_.eta)
        return Tile(*base, open_.opened_at, names.get(open_.acked_by, "") if open_.taken else "", seen, *more)
    if state is TileState.UNCHECKED and at > now:  # a second look lapsed: that the first has time yet says nothing
        at = None
    return Tile(*base, at, names.get(looker, "") if state in _NAMED else "", f"{version or 0}.{state}.0")
