"""A chunk of an import, written in bulk: new tickets, changed ones, and events for many rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from db import crypto, people, stat_writes
from db.bulk import fill
from db.import_lookup import Lookup
from db.models import PersonRow, TicketRow, TicketTextRow
from db.ticket_events import acting_role, changes, make_event, next_event
from db.tickets import due_columns
from db.writes import next_number
from domain.access import Actor
from domain.clock import local_date
from domain.due import Grade, Matter, due_for
from domain.errors import Changed
from domain.ids import new_id
from domain.imports import Incoming
from domain.people import normal_phone
from domain.tickets import ADDRESS_MAX, CLOCK_RUNS, Action, Channel, Kind, Status

Values = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """What every step of writing a chunk needs."""

    tx: Session
    actor: Actor
    batch_id: UUID
    source: str
    lookup: Lookup
    now: datetime


def columns(work: Work, row: Incoming, mac: str) -> Values:
    """Give the columns of the row's ticket but for number, identity and reporter."""
    lookup = work.lookup
    category_id, usual = lookup.category(row.category, row.subcategory)
    matter, place = row.matter or (Matter(usual) if usual else None), lookup.place(row)
    handler = lookup.handler(row.handler, place["community_id"]) if row.handler else None
    status = row.status
    if handler is None and status in (Status.DISPATCHED, Status.IN_PROGRESS):
        status = Status.ACCEPTED  # nobody named: it waits to be dispatched
    return {
        **place,
        **clock(status, row.grade or Grade.NORMAL, matter, work.now),
        **_dates(row, status, work.now),
        "kind": (row.kind or Kind.REPORT).value,
        "status": status.value,
        "title": row.title,
        "address": row.address[:ADDRESS_MAX],
        "category_id": category_id,
        "matter": matter.value if matter else None,
        "grade": (row.grade or Grade.NORMAL).value,
        "channel": (row.channel or Channel.OTHER).value,
        "handler_id": handler,
        "satisfaction": row.satisfaction.value if row.satisfaction else None,
        "import_mac": mac,
    }


def clock(status: Status, grade: Grade, matter: Matter | None, start: datetime) -> Values:
    """Start the clock of work still to do at the import; history gets none."""
    if status not in CLOCK_RUNS:
        return {"round_at": start, "due_at": None, "soon_at": None, "due_why": ""}
    due = due_for(grade, matter, start)
    return {"round_at": start, **due_columns(due, start), "due_why": f"{due.why}（自导入时起算）"}


def _dates(row: Incoming, status: Status, now: datetime) -> Values:
    reported = row.reported_at or now
    ended = row.closed_at or row.resolved_at or row.accepted_at or reported
    closed = ended if status is Status.CLOSED else None
    return {
        "reported_at": reported,
        "reported_on": local_date(reported),
        "accepted_at": row.accepted_at,
        "resolved_at": row.resolved_at or closed or (reported if status is Status.RESOLVED else None),
        "closed_at": closed,
        "closed_on": local_date(closed) if closed else None,
    }


def insert_new(work: Work, fresh: Sequence[tuple[Incoming, str]]) -> None:
    """Write new tickets with their texts, reporters, one event each, and the note of what was made."""
    if not fresh:
        return
    pairs = [(row, columns(work, row, mac)) for row, mac in fresh]
    reporters = reporters_of(work, [(row, values["community_id"]) for row, values in pairs])
    pairs.sort(key=lambda pair: pair[1]["community_id"])  # stable: numbers follow the file's order
    for community_id, held in groupby(pairs, lambda pair: pair[1]["community_id"]):
        _insert_into(work, community_id, list(held), reporters)


def _insert_into(
    work: Work, community_id: UUID, pairs: Sequence[tuple[Incoming, Values]], reporters: dict[str, UUID]
) -> None:
    first = next_number(work.tx, community_id, "ticket", count=len(pairs))
    tickets, texts, events, made = [], [], [], []
    for number, (row, values) in enumerate(pairs, first):
        ticket_id = new_id()
        told = values | {
            "reporter_id": reporters.get(row.key),
            "open_to_volunteers": False,
            "round_no": 1,
            "import_batch_id": work.batch_id,
        }
        event = _first_event(work, ticket_id, community_id, told)
        tickets.append(
            told
            | {"id": ticket_id, "number": number, "source": work.source, "external_id": row.key, "version": 1}
            | {"updated_at": work.now, "event_hash": event["hash"]}
        )
        texts.append({"ticket_id": ticket_id, **text_of(row)})
        events.append(event)
        made.append({"batch_id": work.batch_id, "ticket_id": ticket_id, "version_after": 1, "before": None})
    stat_writes.touch_new(work.tx, [ticket["id"] for ticket in tickets])
    fill(work.tx, {"ticket": tickets, "ticket_text": texts, "ticket_event": events, "import_change": made})


def _first_event(work: Work, ticket_id: UUID, community_id: UUID, values: Values) -> Values:
    return make_event(
        ticket_id=ticket_id,
        community_id=community_id,
        seq=1,
        action=Action.IMPORT.value,
        from_status=None,
        to_status=values["status"],
        round_no=1,
        actor=work.actor,
        acting_role=acting_role(work.actor, Action.IMPORT, values["area_path"]),
        on_behalf_of=None,
        at=work.now,
        changes=changes({}, values),
        prev_hash="",
    )


def text_of(row: Incoming) -> Values:
    return {"description": row.description, "result": row.result, "extra": dict(row.extra)}


def reporters_of(work: Work, rows: Sequence[tuple[Incoming, UUID]]) -> dict[str, UUID]:
    """Find or write the reporters: row key → person. One phone and name is one person of a community."""
    held = crypto.keys()
    wanted = {
        row.key: (community_id, row.reporter_name, normal_phone(row.phone))
        for row, community_id in rows
        if row.reporter_name or row.phone
    }
    there = _known_people(work.tx, {crypto.mac(phone, held) for _, _, phone in wanted.values() if phone})
    made, found = [], {}
    for key, (community_id, name, phone) in wanted.items():
        identity = (community_id, crypto.mac(name, held), crypto.mac(phone, held))
        person = there.get(identity) if phone else None
        if person is None:
            person = new_id()
            made.append(people.columns(person, community_id, name, phone, "", None, work.now))
            if phone:
                there[identity] = person
        found[key] = person
    fill(work.tx, {"person": made})
    return found


def _known_people(session: Session, phones: set[bytes | None]) -> dict[tuple[UUID, bytes | None, bytes | None], UUID]:
    columns = (PersonRow.community_id, PersonRow.name_mac, PersonRow.phone_mac, PersonRow.id)
    found = session.execute(select(*columns).where(PersonRow.phone_mac.in_(phones)).order_by(PersonRow.id))
    return {(community, name, phone): person for community, name, phone, person in found}


def locked(session: Session, ids: Sequence[UUID]) -> dict[UUID, TicketRow]:
    """Read the tickets as they are and hold them until the end (SQLite holds the whole database)."""
    query = select(TicketRow).where(TicketRow.id.in_(ids)).order_by(TicketRow.id).with_for_update()
    return {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}


def append_all(
    tx: Session, action: Action, steps: Sequence[tuple[TicketRow, Values]], *, actor: Actor, now: datetime
) -> None:
    """Write many tickets' new values, each with its event: `ticket_events.append` for locked rows."""
    written, events = [], []
    stat_writes.touch(tx, [row.id for row, _ in steps])
    for row, values in steps:
        event = next_event(row, action, values, actor=actor, now=now, on_behalf_of=None)
        told = {"version": event["seq"], "event_hash": event["hash"], "updated_at": now}
        written.append((row, values | told))
        events.append(event)
    written.sort(key=lambda pair: sorted(pair[1]))
    for names, pairs in groupby(written, lambda pair: sorted(pair[1])):
        _update_all(tx, names, list(pairs))
    fill(tx, {"ticket_event": events})


def _update_all(tx: Session, names: Sequence[str], pairs: Sequence[tuple[TicketRow, Values]]) -> None:
    table = TicketRow.__table__
    statement = (
        update(TicketRow)
        .where(table.c.id == bindparam("the_id"), table.c.version == bindparam("the_version"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    given = [
        {"the_id": row.id, "the_version": row.version, **{f"new_{name}": values[name] for name in names}}
        for row, values in pairs
    ]
    done = tx.connection().execute(statement, given)
    if done.rowcount != len(pairs):
        raise Changed("有工单刚被别人改过，请再导入一次，已导入的不会重复。")


def update_texts(tx: Session, texts: Sequence[Values]) -> None:
    """Write description, result and extra of many tickets, each named by `ticket_id`."""
    table = TicketTextRow.__table__
    statement = (
        update(TicketTextRow)
        .where(table.c.ticket_id == bindparam("the_id"))
        .values({name: bindparam(f"new_{name}") for name in ("description", "result", "extra")})
    )
    given = [{"the_id" if name == "ticket_id" else f"new_{name}": v for name, v in text.items()} for text in texts]
    if given:
        tx.connection().execute(statement, given)
