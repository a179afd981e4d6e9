"""Imports: rows of a file become tickets, once each; a batch can be taken back.

A row's identity is (source, its id there). History comes in as one event with all its dates: no
retroactive clocks. A chunk is one transaction, so an interruption leaves whole chunks, and running the
file again goes on where it stopped.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db import crypto, people
from db.bulk import fill
from db.import_lookup import Lookup
from db.models import (
    ImportBatchRow,
    ImportChangeRow,
    PersonRow,
    TicketEventRow,
    TicketRow,
    TicketTextRow,
)
from db.ticket_events import acting_role, append, changes, make_event
from db.tickets import due_columns
from db.writes import bump, next_number, plain
from domain import access
from domain.access import Actor
from domain.areas import Area
from domain.clock import local_date
from domain.due import Grade, Matter, due_for
from domain.errors import Invalid, NotAllowed
from domain.ids import new_id
from domain.imports import Counts, Incoming, Turned
from domain.people import normal_phone
from domain.tickets import CLOCK_RUNS, Action, Channel, Kind, Status

CHUNK = 500
# what a later version of the row may still change once people have worked on the ticket
_ALWAYS = ("title", "address", "category_id")


def start(tx: Session, *, actor: Actor, community: Area, source: str, file_name: str, now: datetime) -> UUID:
    """Open a batch. Its key is its own: to import a file twice is harmless by the rows' identities."""
    if actor.read_only or not access.has(actor, "tickets.import", community.path):
        raise NotAllowed("您不能向这个社区导入工单，请联系社区工作者。")
    if not source.strip():
        raise Invalid("请给数据来源起个名字，例如“留言板”，再次导入时靠它认出同一条。", field="source")
    row = ImportBatchRow(
        id=new_id(),
        community_id=community.id,
        source=source.strip()[:40],
        file_name=file_name[:200],
        status="running",
        started_at=now,
        actor_id=actor.user_id,
    )
    tx.add(row)
    tx.flush()
    return row.id


def store(
    tx: Session, *, actor: Actor, batch_id: UUID, rows: Sequence[Incoming], now: datetime
) -> tuple[Counts, list[Turned]]:
    """Write one chunk; give the counts and the rows that the database had to refuse."""
    batch = tx.get_one(ImportBatchRow, batch_id)
    lookup = Lookup(tx, actor, batch.community_id)
    known = _known(tx, batch.source, [row.key for row in rows])
    fresh: list[tuple[Incoming, dict[str, Any]]] = []
    counts, turned, held = Counts(), [], crypto.keys()
    for place, row in enumerate(rows):
        mac = (crypto.mac(row.content, held) or b"").hex()
        there = known.get(row.key)
        if there and there.import_mac == mac and there.hidden_at is None:
            counts += Counts(unchanged=1)
            continue
        problem = lookup.problem(row)
        if problem:
            turned.append(Turned(place, *problem))
            counts += Counts(refused=1)
            continue
        values = _values(lookup, row, now) | {"import_mac": mac}
        if there is None:
            fresh.append((row, values))
            counts += Counts(created=1)
        else:
            was_hidden = there.hidden_at is not None
            _update(tx, actor, batch, there, row, values, now)
            counts += Counts(created=1) if was_hidden else Counts(changed=1)
    _insert(tx, actor, batch, fresh, now)
    _count(tx, batch_id, counts)
    return counts, turned


def _known(tx: Session, source: str, keys: list[str]) -> dict[str, TicketRow]:
    query = select(TicketRow).where(TicketRow.source == source, TicketRow.external_id.in_(keys))
    return {row.external_id or "": row for row in tx.scalars(query)}


def _values(lookup: Lookup, row: Incoming, now: datetime) -> dict[str, Any]:
    """Give the columns of the row's ticket but for number, identity and reporter."""
    category_id, usual = lookup.category(row.category, row.subcategory)
    matter = row.matter or (Matter(usual) if usual else None)
    grade, place = row.grade or Grade.NORMAL, lookup.place(row)
    handler = lookup.handler(row.handler, place["community_id"]) if row.handler else None
    status = row.status
    if handler is None and status in (Status.DISPATCHED, Status.IN_PROGRESS):
        status = Status.ACCEPTED  # nobody named: it waits to be dispatched
    reported = row.reported_at or now
    ended = row.closed_at or row.resolved_at or row.accepted_at or reported
    closed = ended if status is Status.CLOSED else None
    return {
        **place,
        **_clock(status, grade, matter, now),
        "kind": (row.kind or Kind.REPORT).value,
        "status": status.value,
        "title": row.title,
        "address": row.address[:200],
        "category_id": category_id,
        "matter": matter.value if matter else None,
        "grade": grade.value,
        "channel": (row.channel or Channel.OTHER).value,
        "handler_id": handler,
        "reported_at": reported,
        "reported_on": local_date(reported),
        "accepted_at": row.accepted_at,
        "resolved_at": row.resolved_at or closed,
        "closed_at": closed,
        "closed_on": local_date(closed) if closed else None,
        "satisfaction": row.satisfaction.value if row.satisfaction else None,
    }


def _clock(status: Status, grade: Grade, matter: Matter | None, now: datetime) -> dict[str, Any]:
    """Start the clock of work still to do at the import; history gets none."""
    if status not in CLOCK_RUNS:
        return {"round_at": now, "due_at": None, "soon_at": None, "due_why": ""}
    due = due_for(grade, matter, now)
    return {"round_at": now, **due_columns(due, now), "due_why": f"{due.why}（自导入时起算）"}


def _insert(
    tx: Session,
    actor: Actor,
    batch: ImportBatchRow,
    fresh: list[tuple[Incoming, dict[str, Any]]],
    now: datetime,
) -> None:
    if not fresh:
        return
    reporters = _reporters(tx, fresh, now)
    by_community: dict[UUID, list[tuple[Incoming, dict[str, Any]]]] = {}
    for pair in fresh:
        by_community.setdefault(pair[1]["community_id"], []).append(pair)
    for community_id in sorted(by_community):
        _insert_into(tx, actor, batch, community_id, by_community[community_id], reporters, now)


def _insert_into(
    tx: Session,
    actor: Actor,
    batch: ImportBatchRow,
    community_id: UUID,
    pairs: list[tuple[Incoming, dict[str, Any]]],
    reporters: dict[str, UUID],
    now: datetime,
) -> None:
    tickets, texts, events, touched = [], [], [], []
    first = next_number(tx, community_id, "ticket", count=len(pairs))
    role: dict[str, str | None] = {}
    for number, (row, values) in enumerate(pairs, first):
        ticket_id = new_id()
        path = values["area_path"]
        if path not in role:
            role[path] = acting_role(actor, Action.IMPORT, path)
        values = values | {
            "reporter_id": reporters.get(row.key),
            "open_to_volunteers": False,
            "round_no": 1,
            "source": batch.source,
            "external_id": row.key,
            "import_batch_id": batch.id,
        }
        event = make_event(
            ticket_id=ticket_id,
            community_id=community_id,
            seq=1,
            action=Action.IMPORT.value,
            from_status=None,
            to_status=values["status"],
            round_no=1,
            actor=actor,
            acting_role=role[path],
            on_behalf_of=None,
            at=now,
            changes=changes({}, {k: v for k, v in values.items() if k not in ("external_id", "source")}),
            prev_hash="",
        )
        tickets.append(
            values | {"id": ticket_id, "number": number, "updated_at": now, "event_hash": event["hash"], "version": 1}
        )
        texts.append(
            {
                "ticket_id": ticket_id,
                "description": row.description,
                "result": row.result,
                "extra": dict(row.extra),
            }
        )
        events.append(event)
        touched.append({"batch_id": batch.id, "ticket_id": ticket_id, "version_after": 1, "before": None})
    fill(tx, {"ticket": tickets, "ticket_text": texts, "ticket_event": events, "import_change": touched})
    bump(tx, community_id)


def _reporters(tx: Session, fresh: list[tuple[Incoming, dict[str, Any]]], now: datetime) -> dict[str, UUID]:
    """Find or write the reporters: row key → person. One phone and name is one person of a community."""
    held = crypto.keys()
    wanted = {}
    for row, values in fresh:
        phone = normal_phone(row.phone)
        if row.reporter_name or phone:
            wanted[row.key] = (values["community_id"], row.reporter_name, phone)
    macs = {crypto.mac(phone, held) for _, _, phone in wanted.values() if phone}
    query = select(PersonRow.community_id, PersonRow.name_mac, PersonRow.phone_mac, PersonRow.id)
    there = {
        (community, name, phone): person
        for community, name, phone, person in tx.execute(query.where(PersonRow.phone_mac.in_(macs)))
    }
    made, found = [], {}
    for key, (community_id, name, phone) in wanted.items():
        identity = (community_id, crypto.mac(name, held), crypto.mac(phone, held))
        person = there.get(identity) if phone else None
        if person is None:
            person = new_id()
            made.append(people.columns(person, community_id, name, phone, "", None, now))
            if phone:
                there[identity] = person
        found[key] = person
    if made:
        fill(tx, {"person": made})
    return found


def _update(
    tx: Session,
    actor: Actor,
    batch: ImportBatchRow,
    there: TicketRow,
    row: Incoming,
    values: dict[str, Any],
    now: datetime,
) -> None:
    """Bring a changed row in; what people did to the ticket since its import is theirs and stays."""
    if there.community_id != values["community_id"]:
        values = {k: v for k, v in values.items() if k not in _PLACE}
    worked_on = there.hidden_at is None and _worked_on(tx, there)
    if worked_on:
        values = {k: v for k, v in values.items() if k in (*_ALWAYS, "import_mac")}
    if there.status == values.get("status"):
        values = {k: v for k, v in values.items() if k not in _CLOCK}
    if there.reported_at and row.reported_at is None:
        values = {k: v for k, v in values.items() if k not in ("reported_at", "reported_on")}
    values = values | {"hidden_at": None, "import_batch_id": batch.id}
    before = {name: plain(getattr(there, name)) for name in values}
    text = tx.get_one(TicketTextRow, there.id)
    before["text"] = {"description": text.description, "result": text.result, "extra": text.extra}
    text.description, text.extra = row.description, dict(row.extra)
    if not worked_on:
        text.result = row.result
    ticket_id, revived = there.id, there.hidden_at is not None
    append(tx, ticket_id, Action.IMPORT, values, actor=actor, now=now)
    version = tx.scalars(select(TicketRow.version).where(TicketRow.id == ticket_id)).one()
    change = {"version_after": version, "before": None if revived else before}
    _keep_change(tx, batch.id, ticket_id, change)


_PLACE = ("community_id", "area_id", "area_path", "grid_id", "building_id")
_CLOCK = ("round_at", "due_at", "soon_at", "due_why")


def _worked_on(tx: Session, ticket: TicketRow) -> bool:
    query = select(TicketEventRow.id).where(
        TicketEventRow.ticket_id == ticket.id,
        TicketEventRow.action.not_in((Action.IMPORT, Action.IMPORT_UNDO)),
    )
    return tx.scalars(query.limit(1)).first() is not None


def _keep_change(tx: Session, batch_id: UUID, ticket_id: UUID, change: dict[str, Any]) -> None:
    row = tx.get(ImportChangeRow, (batch_id, ticket_id))
    if row is None:
        tx.execute(insert(ImportChangeRow).values(batch_id=batch_id, ticket_id=ticket_id, **change))
    else:
        row.version_after = change["version_after"]


def _count(tx: Session, batch_id: UUID, counts: Counts) -> None:
    row = ImportBatchRow
    tx.execute(
        update(row)
        .where(row.id == batch_id)
        .values(
            created=row.created + counts.created,
            changed=row.changed + counts.changed,
            unchanged=row.unchanged + counts.unchanged,
            refused=row.refused + counts.refused,
        )
    )


def finish(tx: Session, *, batch_id: UUID, unread: int, now: datetime) -> Counts:
    """Close the batch; `unread` rows were refused before the database saw them."""
    _count(tx, batch_id, Counts(refused=unread))
    batch = tx.get_one(ImportBatchRow, batch_id, populate_existing=True)
    batch.status, batch.finished_at = "done", now
    return Counts(batch.created, batch.changed, batch.unchanged, batch.refused)
