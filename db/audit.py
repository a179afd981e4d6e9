"""The audit read back: ids turned into the names of today, newest first."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from db.models import AreaRow, AuditRow, BoardViewRow, CategoryRow, PartyRow, TicketRow, UserRow
from db.ticket_events import number_text
from db.writes import audit
from domain import access
from domain.access import ROLE_LABELS, Actor, Role
from domain.audit import CONSOLE, Entry, in_words
from domain.ids import parse_id

PAGE = 50
_NAMED = (
    *((UserRow, UserRow.name), (AreaRow, AreaRow.name), (CategoryRow, CategoryRow.name)),
    *((PartyRow, PartyRow.label), (BoardViewRow, BoardViewRow.name)),
)


def listed(
    session: Session, *, actor: Actor, before: tuple[datetime, UUID] | None = None, limit: int = PAGE
) -> list[Entry]:
    """List what was done, the newest first; `before` is where the page above ended."""
    access.check(actor, "settings")
    query = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(limit)
    if before:
        at, last = before
        query = query.where(or_(AuditRow.at < at, and_(AuditRow.at == at, AuditRow.id < last)))
    rows = session.scalars(query).all()
    places = {row: _place_in(row.detail) for row in rows}
    ids = {row.actor_id for row in rows} | {row.subject_id for row in rows} | set(places.values())
    names = _names(session, [i for i in ids if i])
    return [_entry(row, names, places[row]) for row in rows]


def note(tx: Session, *, actor: Actor, action: str, detail: str = "", now: datetime) -> None:
    """Put on record what an administrator had done that is no change of a row."""
    access.check(actor, "settings")
    audit(tx, action, actor_id=actor.user_id, detail=detail, now=now)


def _names(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Look the ids up in each register: they are unique over all of them."""
    wanted = list(ids)
    found: dict[UUID, str] = {}
    for table, name in _NAMED:
        found |= {i: text for i, text in session.execute(select(table.id, name).where(table.id.in_(wanted)))}  # noqa: C416
    numbered = select(TicketRow.id, TicketRow.number, AreaRow.code).join(AreaRow, AreaRow.id == TicketRow.community_id)
    tickets = session.execute(numbered.where(TicketRow.id.in_(wanted)))
    return found | {i: f"工单 {number_text(number, code)}" for i, number, code in tickets}


def _place_in(detail: str) -> UUID | None:
    return parse_id(detail.partition("@")[2])


def _entry(row: AuditRow, names: dict[UUID, str], place_id: UUID | None) -> Entry:
    who = names.get(row.actor_id, "") if row.actor_id else CONSOLE
    subject = names.get(row.subject_id, "") if row.subject_id else ""
    return Entry(row.id, row.at, who, row.action, subject, _detail(row.detail, names, place_id))


def _detail(detail: str, names: dict[UUID, str], place_id: UUID | None) -> str:
    """Say a role on an area, a purpose at a ticket, or codes."""
    code = detail.partition("@")[0]
    if not place_id:
        return in_words(detail)
    words = ROLE_LABELS[Role(code)] if code in list(Role) else in_words(code)
    return " · ".join(part for part in (words, names.get(place_id, "")) if part)
