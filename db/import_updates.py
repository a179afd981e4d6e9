"""Rows that changed in their source: brought into their tickets, keeping what people did there."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import crypto
from db.bulk import fill
from db.import_writes import Values, Work, append_all, clock, columns, locked, reporters_of, text_of, update_texts
from db.models import PersonRow, TicketEventRow, TicketRow, TicketTextRow
from db.writes import plain
from domain.due import Grade, Matter
from domain.imports import Incoming
from domain.people import normal_phone
from domain.tickets import Action, Status

# what a later version of the row may still change once people have worked on the ticket
_ALWAYS = frozenset({"title", "address", "category_id", "import_mac"})


def update_changed(work: Work, changed: Sequence[tuple[UUID, Incoming, str]]) -> None:
    """Write the new versions of known rows; a hidden ticket comes back, under its old number."""
    if not changed:
        return
    ids = [ticket_id for ticket_id, _, _ in changed]
    rows, worked = locked(work.tx, ids), worked_on(work.tx, ids)
    texts = {text.ticket_id: text for text in work.tx.scalars(_texts(ids))}
    reporters = _new_reporters(work, rows, changed)
    steps, new_texts, touched = [], [], []
    for ticket_id, row, mac in changed:
        there, text = rows[ticket_id], texts[ticket_id]
        revived = there.hidden_at is not None
        own = ticket_id in worked and not revived
        values = _values(work, there, row, mac, worked=own)
        if row.key in reporters and not own:
            values["reporter_id"] = reporters[row.key]
        values = {name: v for name, v in values.items() if plain(getattr(there, name)) != plain(v)}
        before = None if revived else _before(there, text, values)
        result = text.result if own else row.result
        new_texts.append({"ticket_id": ticket_id, **text_of(row), "result": result})
        steps.append((there, values))
        touched.append(
            {"batch_id": work.batch_id, "ticket_id": ticket_id, "version_after": there.version + 1, "before": before}
        )
    append_all(work.tx, Action.IMPORT, steps, actor=work.actor, now=work.now)
    update_texts(work.tx, new_texts)
    fill(work.tx, {"import_change": touched})


def _texts(ids: Sequence[UUID]) -> Any:
    return select(TicketTextRow).where(TicketTextRow.ticket_id.in_(ids))


def _values(work: Work, there: TicketRow, row: Incoming, mac: str, *, worked: bool) -> Values:
    values = columns(work, row, mac) | {"import_batch_id": work.batch_id, "hidden_at": None}
    if row.reported_at is None:
        values |= {"reported_at": there.reported_at, "reported_on": there.reported_on}
    if there.status == values["status"]:  # the clock that runs goes on; another grade moves its end
        matter = Matter(values["matter"]) if values["matter"] else None
        values |= clock(Status(there.status), Grade(values["grade"]), matter, there.round_at)
    if worked:
        return {name: v for name, v in values.items() if name in _ALWAYS or name == "import_batch_id"}
    return values


def _before(there: TicketRow, text: TicketTextRow, values: Values) -> Values:
    kept = {name: plain(getattr(there, name)) for name in values}
    return kept | {"text": {"description": text.description, "result": text.result, "extra": text.extra}}


def worked_on(session: Session, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Pick the tickets that somebody has done something to since they came in."""
    query = select(TicketEventRow.ticket_id).where(
        TicketEventRow.ticket_id.in_(ids), TicketEventRow.action.not_in((Action.IMPORT, Action.IMPORT_UNDO))
    )
    return frozenset(session.scalars(query.distinct()))


def _new_reporters(
    work: Work, rows: dict[UUID, TicketRow], changed: Sequence[tuple[UUID, Incoming, str]]
) -> dict[str, UUID]:
    """Give the reporters of those rows only that name somebody else than before."""
    held = crypto.keys()
    query = select(PersonRow.id, PersonRow.name_mac, PersonRow.phone_mac)
    known = {i: macs for i, *macs in work.tx.execute(query.where(PersonRow.id.in_(_reporter_ids(rows))))}
    other = []
    for ticket_id, row, _ in changed:
        there = rows[ticket_id]
        told = [crypto.mac(row.reporter_name, held), crypto.mac(normal_phone(row.phone), held)]
        if there.reporter_id is None or known.get(there.reporter_id) != told:
            other.append((row, there.community_id))
    return reporters_of(work, other)


def _reporter_ids(rows: dict[UUID, TicketRow]) -> list[UUID]:
    return [row.reporter_id for row in rows.values() if row.reporter_id]
