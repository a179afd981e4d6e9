"""Open tickets that a new report may be one more voice of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from db import areas
from db.models import PartyRow, TicketRow, TicketSupportRow
from db.ticket_events import inside, number_text
from db.ticket_filters import sees_private
from domain import similar as rules
from domain.access import Actor, grants_for
from domain.due import Matter
from domain.similar import Match, Told
from domain.steps import TRANSITIONS
from domain.tickets import OPEN, Action, Status

LOOKED_AT = 200  # the nearest and newest; more open work than that around one building is no duplicate hunt
_ROLES = TRANSITIONS[Action.SUPPORT].roles
# written out, not bound: else SQLite does not see that the index of open work fits. No term on the
# age, for the same reason: it would read the month's closed tickets; the rules leave the old ones out
_OPEN: BindParameter[Any] = bindparam(
    "open", [s.value for s in Status if s in OPEN], expanding=True, literal_execute=True
)


@dataclass(frozen=True)
class Similar:
    ticket_id: UUID
    no: str
    title: str
    place: str
    status: Status
    handler: str
    told_by: int  # how many residents have reported it
    version: int
    match: Match


def similar(
    session: Session, *, actor: Actor, area_id: UUID, address: str, title: str, category_id: UUID | None, now: datetime
) -> tuple[Similar, ...]:
    """Find what this actor could join the report to, the likeliest first; nothing without place or matter."""
    place = areas.place_columns(session, area_id)
    if actor.read_only or not actor.roles_at(str(place["area_path"])) & _ROLES:
        return ()
    building, grid = (_id(place[name]) for name in ("building_id", "grid_id"))
    new = Told(building, grid, address, category_id, title)
    row = TicketRow
    near = case((row.building_id == building, 0), (row.grid_id == grid, 1), else_=2)
    query = (
        select(*_READ)
        .outerjoin(PartyRow, PartyRow.id == row.handler_id)
        .where(
            row.community_id == place["community_id"],
            row.status.in_(_OPEN),
            row.hidden_at.is_(None),
            inside(grants_for(actor, _ROLES)),
            or_(row.matter.is_(None), row.matter != Matter.PRIVATE, sees_private(actor)),
        )
        .order_by(near, row.reported_at.desc())
        .limit(LOOKED_AT)
    )
    found = []
    for line in session.execute(query):
        known = Told(line.building_id, line.grid_id, line.address, line.category_id, line.title)
        if match := rules.match(new, known, line.reported_at, now=now):
            found.append((match.score, line.reported_at, _similar(line, match)))
    found.sort(key=lambda entry: entry[:2], reverse=True)
    return tuple(one for _, _, one in found[: rules.SHOWN])


_T = TicketRow
_READ = (
    *(_T.id, _T.number, _T.title, _T.address, _T.status, _T.reported_at, _T.version),
    *(_T.building_id, _T.grid_id, _T.category_id, PartyRow.label.label("handler")),
    select(func.count())
    .select_from(TicketSupportRow)
    .where(TicketSupportRow.ticket_id == _T.id)
    .scalar_subquery()
    .label("supports"),
)


def _similar(line: object, match: Match) -> Similar:
    row: Any = line
    return Similar(
        row.id,
        number_text(row.number),
        row.title,
        row.address,
        Status(row.status),
        row.handler or "",
        row.supports + 1,
        row.version,
        match,
    )


def _id(value: object) -> UUID | None:
    return value if isinstance(value, UUID) else None
