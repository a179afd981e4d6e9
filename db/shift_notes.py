"""交接班: what one shift of the desk leaves to the next, with what is open at that moment. The words are encrypted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db import crypto
from db.areas import get as area_of
from db.incident_events import incident_of
from db.models import AbsenceRow, CheckWindowRow, ElderRow, IncidentRow, ShiftNoteRow, UserRow
from db.models.incidents import RUNNING
from db.writes import bump, first_result, remember
from domain import access
from domain.access import Actor
from domain.care import AbsenceKind, AbsenceState, Slot, WindowState, code_text
from domain.clock import local_date
from domain.errors import Changed, NotAllowed, NotFound
from domain.ids import new_id
from domain.incidents import Incident
from domain.live import Topic
from domain.text import need


@dataclass(frozen=True)
class Away:
    """Who is away and until when: for the desk, never for a list that others see."""

    elder_id: UUID
    code: str
    kind: AbsenceKind
    until_at: datetime


@dataclass(frozen=True)
class Late:
    """Whom nobody has looked in on although it was due, and since when."""

    elder_id: UUID
    code: str
    slot: Slot
    since: datetime


@dataclass(frozen=True)
class Standing:
    """How things stand now: what the next shift takes over."""

    since: datetime | None  # the last note; everything counted is from then on
    opened: int
    closed: int
    unchecked: tuple[Late, ...]
    running: tuple[Incident, ...]
    away: tuple[Away, ...]


@dataclass(frozen=True)
class ShiftNote:
    id: UUID
    community_id: UUID
    at: datetime
    by_id: UUID
    by_name: str
    body: str
    read_by: UUID | None
    read_by_name: str
    read_at: datetime | None


def standing(session: Session, *, actor: Actor, community_id: UUID, now: datetime) -> Standing:
    """Count what happened since the last note and list what is still open."""
    _check(session, actor, community_id)
    i, n = IncidentRow, ShiftNoteRow
    since = session.scalar(select(func.max(n.at)).where(n.community_id == community_id))
    mine = (i.community_id == community_id,)
    after = since or datetime.min.replace(tzinfo=now.tzinfo)
    running = session.scalars(select(i).where(*mine, RUNNING).order_by(i.severity, i.opened_at))
    return Standing(
        since,
        session.scalar(select(func.count()).where(*mine, i.opened_at > after)) or 0,
        session.scalar(select(func.count()).where(*mine, i.closed_at > after)) or 0,
        _late(session, community_id, now),
        tuple(incident_of(row) for row in running),
        _away(session, community_id, now),
    )


def _late(session: Session, community_id: UUID, now: datetime) -> tuple[Late, ...]:
    w = CheckWindowRow
    query = (
        select(ElderRow.id, ElderRow.number, w.slot, w.due_at)
        .join(ElderRow, ElderRow.id == w.elder_id)
        .where(w.community_id == community_id, w.day == local_date(now), w.state == WindowState.UNCHECKED.value)
        .order_by(w.due_at, ElderRow.number)
    )
    return tuple(Late(elder, code_text(number), Slot(slot), due) for elder, number, slot, due in session.execute(query))


def _away(session: Session, community_id: UUID, now: datetime) -> tuple[Away, ...]:
    a = AbsenceRow
    query = (
        select(ElderRow.id, ElderRow.number, a.kind, a.until_at)
        .join(ElderRow, ElderRow.id == a.elder_id)
        .where(a.community_id == community_id, a.state == AbsenceState.CONFIRMED.value)
        .where(a.from_at <= now, a.until_at > now)
        .order_by(a.until_at)
    )
    return tuple(
        Away(elder, code_text(number), AbsenceKind(kind), until)
        for elder, number, kind, until in session.execute(query)
    )


def write(tx: Session, *, actor: Actor, community_id: UUID, body: str, key: str, now: datetime) -> ShiftNote:
    """Leave a note to the next shift."""
    _check(tx, actor, community_id)
    body = need(body, "请写下这一班发生的事，没有的话写“无异常”。", "body")
    request = {"do": "shift_note", "actor": actor.user_id, "community": community_id, "body": body}
    made = first_result(tx, key, request)
    if made is None:
        made = new_id()
        remember(tx, key, request, made, now=now)
        values = {"id": made, "community_id": community_id, "at": now, "by_id": actor.user_id}
        tx.execute(insert(ShiftNoteRow).values(**values, body=crypto.seal(body)))
        bump(tx, community_id, Topic.CARE)
    return _notes(tx, ShiftNoteRow.id == made)[0]


def take_over(tx: Session, *, actor: Actor, note_id: UUID, now: datetime) -> ShiftNote:
    """接班: say that one has read it, once, and not the one who wrote it."""
    found = _notes(tx, ShiftNoteRow.id == note_id)
    if not found:
        raise NotFound("没有找到这份交接班记录，可能不在您的辖区。")
    (note,) = found
    _check(tx, actor, note.community_id)
    if note.by_id == actor.user_id:
        raise NotAllowed("交班和接班要由两个人来做，请接班的同事点“已接班”。")
    unread = (ShiftNoteRow.id == note_id, ShiftNoteRow.read_by.is_(None))
    done = tx.execute(update(ShiftNoteRow).where(*unread).values(read_by=actor.user_id, read_at=now))
    if done.rowcount != 1 and note.read_by != actor.user_id:  # type: ignore[attr-defined]
        raise Changed(f"{note.read_by_name or '另一位同事'}已经接班了，请刷新后再看。")
    bump(tx, note.community_id, Topic.CARE)
    return _notes(tx, ShiftNoteRow.id == note_id)[0]


def listed(session: Session, *, actor: Actor, community_id: UUID, limit: int = 20) -> list[ShiftNote]:
    """List the newest first."""
    _check(session, actor, community_id)
    return _notes(session, ShiftNoteRow.community_id == community_id, limit=limit)


def _check(session: Session, actor: Actor, community_id: UUID) -> None:
    path = area_of(session, community_id).path
    if not access.has(actor, "incidents.notes", path):
        raise NotAllowed("交接班只由社区值班的同事查看和填写。")
    if actor.read_only:
        raise NotAllowed()


def _notes(session: Session, which: object, limit: int = 1) -> list[ShiftNote]:
    n = ShiftNoteRow
    query = select(n.id, n.community_id, n.at, n.by_id, n.body, n.read_by, n.read_at).where(which)  # type: ignore[arg-type]
    rows = session.execute(query.order_by(n.at.desc(), n.id.desc()).limit(limit)).all()
    users = {row.by_id for row in rows} | {row.read_by for row in rows if row.read_by}
    called = session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(users)))
    names = {user: name for user, name in called}  # noqa: C416
    return [
        ShiftNote(
            row.id,
            row.community_id,
            row.at,
            row.by_id,
            names.get(row.by_id, ""),
            crypto.unseal(row.body),
            row.read_by,
            names.get(row.read_by, "") if row.read_by else "",
            row.read_at,
        )
        for row in rows
    ]
