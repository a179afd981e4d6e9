"""What a message says: the words in its row, and what its ids mean at the moment it is sent."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import settings
from db.models import AreaRow, OutboxRow, TicketRow
from db.ticket_events import number_text
from domain.clock import local
from domain.incidents import WHO_LABELS
from domain.messages import Facts
from domain.outbox import Template

# what the body of a row may say: codes, places, labels and numbers, none of it personal
SAID = ("incident", "elder", "building", "cause", "found", "text", "count", "repeat", "due")
CARE = (Template.INCIDENT_STEP, Template.ALL_CLEAR, Template.UNCHECKED)


def facts(session: Session, rows: Sequence[OutboxRow]) -> list[Facts]:
    """Look up what these messages name; what is gone by now is left out of the words."""
    wanted = {row.ticket_id for row in rows if row.ticket_id}
    tickets = {one.id: one for one in session.scalars(select(TicketRow).where(TicketRow.id.in_(wanted)))}
    places = {row.community_id for row in rows} | {one.grid_id for one in tickets.values() if one.grid_id}
    query = select(AreaRow.id, AreaRow.name).where(AreaRow.id.in_(places))
    areas = {area.id: area.name for area in session.execute(query)}
    return [_facts(row, tickets.get(row.ticket_id or row.id), areas) for row in rows]


def _facts(row: OutboxRow, ticket: TicketRow | None, areas: Mapping[UUID, str]) -> Facts:
    said: dict[str, Any] = {name: row.body[name] for name in SAID if row.body.get(name)}
    if who := _who(row.body.get("who")):
        said["who"] = who
    if row.incident_id:
        said |= _link(f"/checkins?incident={row.incident_id}")
    if ticket:
        said |= _of_ticket(ticket, areas)
    return Facts(**{"place": areas.get(row.community_id, ""), **said, "again": row.repeated})  # type: ignore[typeddict-item]


def _who(said: Any) -> str:
    """Name whom it turns to: a word as it is, or roles by their codes."""
    if isinstance(said, str):
        return said
    return "、".join(label for who, label in WHO_LABELS.items() if who in (said or ()))


def _of_ticket(ticket: TicketRow, areas: Mapping[UUID, str]) -> dict[str, Any]:
    said = {"ticket": number_text(ticket.number), **_link(f"/tickets?ticket={ticket.id}")}
    if grid := areas.get(ticket.grid_id or ticket.community_id):
        said["grid"] = grid
    if ticket.due_at:
        said["due"] = f"{local(ticket.due_at):%m月%d日 %H:%M}"
    return said


def _link(path: str) -> dict[str, str]:
    """Name where to look, if it is known under which address people reach us."""
    base = settings.current().public_url
    return {"link": base.rstrip("/") + path} if base else {}


def link_for(template: Template) -> str:
    return _link("/checkins" if template in CARE else "/tickets").get("link", "")
