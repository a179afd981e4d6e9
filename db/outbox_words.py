"""What a message says: the ids in its row, looked up at the moment it is sent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import settings
from db.models import AreaRow, ElderRow, IncidentRow, OutboxRow, TicketRow
from db.ticket_events import number_text
from domain.care import code_text
from domain.clock import local
from domain.incidents import CAUSE_LABELS, FOUND_LABELS, WHO_LABELS, Cause, Found, no_text
from domain.messages import Facts
from domain.outbox import Template

PASSED_ON = ("text", "count", "repeat", "due", "building")  # plain values of the body


def facts(session: Session, rows: Sequence[OutboxRow]) -> list[Facts]:
    """Look up what these messages name; what is gone by now is left out of the words."""
    incidents = _by_id(session, IncidentRow, (row.incident_id for row in rows))
    tickets = _by_id(session, TicketRow, (row.ticket_id for row in rows))
    named = {row.id: _elder_id(row, incidents) for row in rows}
    elders = _by_id(session, ElderRow, named.values())
    areas = _area_names(session, rows, elders.values(), tickets.values())
    told = []
    for row in rows:
        said = _of_body(row.body) | _of_elder(elders.get(named[row.id]), areas)
        said |= _of_incident(incidents.get(row.incident_id)) | _of_ticket(tickets.get(row.ticket_id), areas)
        told.append(Facts(**{"place": areas.get(row.community_id, ""), **said, "again": row.repeated}))  # type: ignore[typeddict-item]
    return told


def _by_id(session: Session, row: type[Any], ids: Iterable[UUID | None]) -> dict[UUID | None, Any]:
    wanted = {one for one in ids if one}
    return {found.id: found for found in session.scalars(select(row).where(row.id.in_(wanted)))} if wanted else {}


def _elder_id(row: OutboxRow, incidents: Mapping[UUID | None, IncidentRow]) -> UUID | None:
    if incident := incidents.get(row.incident_id):
        return incident.elder_id
    said = row.body.get("elder_id")
    return UUID(said) if said else None


def _area_names(
    session: Session, rows: Sequence[OutboxRow], elders: Iterable[ElderRow], tickets: Iterable[TicketRow]
) -> dict[UUID | None, str]:
    places = {row.community_id for row in rows} | {elder.building_id for elder in elders}
    places |= {ticket.grid_id for ticket in tickets}
    query = select(AreaRow.id, AreaRow.name).where(AreaRow.id.in_({place for place in places if place}))
    return {row.id: row.name for row in session.execute(query)}


def _of_body(body: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: body[name] for name in PASSED_ON if body.get(name)}
    who = body.get("who") or []
    # a word we do not know must not keep a message from going out
    asked = {who} if isinstance(who, str) else {*who}
    if told := "、".join(label for one, label in WHO_LABELS.items() if one in asked):
        said["who"] = told
    if found := FOUND_LABELS.get(body.get("found", "")):
        said["found"] = found
    return said


def _of_elder(elder: ElderRow | None, areas: Mapping[UUID | None, str]) -> dict[str, Any]:
    if elder is None:
        return {}
    return {"elder": code_text(elder.number), "building": areas.get(elder.building_id, "")}


def _of_incident(incident: IncidentRow | None) -> dict[str, Any]:
    if incident is None:
        return {}
    said = {"incident": no_text(incident.number), "cause": CAUSE_LABELS[Cause(incident.cause)]}
    if incident.found:
        said["found"] = FOUND_LABELS[Found(incident.found)]
    return said | _link(f"/checkins?incident={incident.id}")


def _of_ticket(ticket: TicketRow | None, areas: Mapping[UUID | None, str]) -> dict[str, Any]:
    if ticket is None:
        return {}
    said = {"ticket": number_text(ticket.number), "grid": areas.get(ticket.grid_id, "")}
    if ticket.due_at:
        said["due"] = f"{local(ticket.due_at):%m月%d日 %H:%M}"
    return said | _link(f"/tickets?ticket={ticket.id}")


def _link(path: str) -> dict[str, str]:
    """Name where to look, if it is known under which address people reach us."""
    base = settings.current().public_url
    return {"link": base.rstrip("/") + path} if base else {}


def link_for(template: Template) -> str:
    page = "/checkins" if template in (Template.INCIDENT_STEP, Template.ALL_CLEAR, Template.UNCHECKED) else "/tickets"
    return _link(page).get("link", "")
