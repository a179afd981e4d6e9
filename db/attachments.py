"""Photos on tickets: the commands that add and remove them, and what a screen or a browser may have of them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db import blobs, tickets
from db.models import AreaRow, AttachmentRow, ServiceRecordRow, TicketRow, UserRow
from db.ticket_call import Call, once
from db.ticket_events import load, number_text, take
from domain import steps
from domain.access import OFFICE, Actor
from domain.errors import Invalid, NotAllowed, NotFound, WrongState
from domain.ids import new_id
from domain.pictures import Kept, Photo, check_count
from domain.text import need
from domain.tickets import OPEN, STATUS_LABELS, Action, PhotoStage, Result, Ticket

GRACE = timedelta(days=1)  # how long bytes wait for the row that will point to them
_BATCH = 500


def add(tx: Session, *, stage: PhotoStage, pictures: Sequence[Kept], **call: Unpack[Call]) -> Ticket:
    """Put pictures that `blobs` holds on a ticket; its event says which ids."""

    def work(ticket: Ticket) -> Ticket:
        return _add(tx, ticket, stage, pictures, call["actor"], call["now"])

    body = {"stage": stage, "add": [picture.sha256 for picture in pictures]}
    return once(tx, Action.PHOTO, call, body, work)


def _add(
    tx: Session, ticket: Ticket, stage: PhotoStage, pictures: Sequence[Kept], actor: Actor, now: datetime
) -> Ticket:
    if ticket.status not in OPEN:
        raise WrongState(f"工单 {ticket.no} {STATUS_LABELS[ticket.status]}，不能再添照片；确需再办请先“重新打开”。")
    check_count(_count(tx, ticket.id, stage), pictures)
    _hold(tx, (picture.sha256 for picture in pictures))
    if not all(blobs.exists(picture.sha256) for picture in pictures):
        raise Invalid("照片没有存好，请重新选一次。", field="pictures")
    rows = [_row(ticket.id, stage, picture, actor, now) for picture in pictures]
    told = came(stage, [row["id"] for row in rows])
    after = take(tx, ticket, Action.PHOTO, actor=actor, now=now, told=told)
    tx.execute(insert(AttachmentRow), rows)
    return after


def _count(session: Session, ticket_id: UUID, stage: PhotoStage) -> int:
    mine = (AttachmentRow.ticket_id == ticket_id, AttachmentRow.stage == stage.value)
    query = select(func.count()).select_from(AttachmentRow).where(*mine, AttachmentRow.removed_at.is_(None))
    return session.scalar(query) or 0


def _row(ticket_id: UUID, stage: PhotoStage, kept: Kept, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "ticket_id": ticket_id,
        "stage": stage.value,
        "sha256": kept.sha256,
        "size": kept.size,
        "width": kept.width,
        "height": kept.height,
        "added_by": actor.user_id,
        "added_at": now,
    }


def came(stage: PhotoStage, ids: Iterable[UUID]) -> dict[str, Any]:
    """Say in an event which photos came."""
    return {_field(stage): [[], [one.hex for one in ids]]}


def _field(stage: PhotoStage) -> str:
    """Name the change in an event: [ids that went, ids that came]."""
    return f"photos_{stage}"


def _hold(tx: Session, digests: Iterable[str]) -> None:
    """Lock the rows of these bytes, so that nobody drops them while a new row comes to point to them."""
    wanted = sorted(set(digests))
    tx.execute(update(AttachmentRow).where(AttachmentRow.sha256.in_(wanted)).values(sha256=AttachmentRow.sha256))


def remove(tx: Session, *, attachment_id: UUID, reason: str, **call: Unpack[Call]) -> Ticket:
    """Take a photo off, also of an ended ticket; the row stays, `drop_unused` takes the bytes afterwards."""
    reason = need(reason, "请写明为什么删除这张照片。", "reason")
    actor, now = call["actor"], call["now"]

    def work(ticket: Ticket) -> Ticket:
        row = tx.get(AttachmentRow, attachment_id, populate_existing=True)
        if row is None or row.ticket_id != ticket.id:
            raise NotFound("没有找到这张照片，请刷新后再看。")
        if row.removed_at is not None:
            raise WrongState("这张照片已经删除。")
        if not may_remove(actor, ticket, row.added_by):
            raise NotAllowed("只有添加照片的人和社区工作者可以删除，请联系他们。")
        told = {_field(PhotoStage(row.stage)): [[row.id.hex], []]}
        row.removed_at = now
        return take(tx, ticket, Action.PHOTO, actor=actor, now=now, note=reason, told=told)

    return once(tx, Action.PHOTO, call, {"remove": attachment_id, "reason": reason}, work)


def may_add(actor: Actor, ticket: Ticket) -> bool:
    return ticket.status in OPEN and steps.may(actor, Action.PHOTO, ticket)


def may_remove(actor: Actor, ticket: Ticket, added_by: UUID) -> bool:
    own = added_by == actor.user_id or bool(actor.roles_at(ticket.area_path) & OFFICE)
    return own and steps.may(actor, Action.PHOTO, ticket)


def resolve(tx: Session, *, result: Result, note: str, pictures: Sequence[Kept] = (), **call: Unpack[Call]) -> Ticket:
    """Resolve with the photos of how it looks now: both or neither."""
    ticket = tickets.resolve(tx, result=result, note=note, **call)
    if not pictures:
        return ticket
    # a key of its own, told by the form's: twice the form is once the photos
    more: Call = {**call, "key": f"{call['key']}-photos", "expected_version": ticket.version}
    return add(tx, stage=PhotoStage.AFTER, pictures=pictures, **more)


# --- what is shown ----------------------------------------------------------------------------


def shown(session: Session, *, actor: Actor, ticket_id: UUID) -> tuple[Photo, ...]:
    """List a ticket's photos, oldest first; of a hidden 私事 none."""
    if steps.must_hide(actor, load(session, actor, ticket_id)):
        return ()
    a = AttachmentRow
    query = (
        select(a.id, a.stage, a.width, a.height, a.added_by, UserRow.name, a.added_at)
        .join(UserRow, UserRow.id == a.added_by)
        .where(a.ticket_id == ticket_id, a.removed_at.is_(None))
        .order_by(a.added_at, a.id)
    )
    return tuple(Photo(row[0], PhotoStage(row[1]), *row[2:]) for row in session.execute(query))


def digest_for(session: Session, *, actor: Actor, attachment_id: UUID) -> str:
    """Give the digest of a photo to whoever may see its ticket; to everybody else it is not there."""
    mine = (AttachmentRow.id == attachment_id, AttachmentRow.removed_at.is_(None))
    found = session.execute(select(AttachmentRow.ticket_id, AttachmentRow.sha256).where(*mine)).first()
    if found is None or steps.must_hide(actor, load(session, actor, found.ticket_id)):
        raise NotFound("没有找到这张照片。")
    return str(found.sha256)


# --- bytes that nobody points to --------------------------------------------------------------


def drop_unused(tx: Session, *, digests: Sequence[str], before: datetime) -> int:
    """Drop those of these bytes that no photo points to and that are still as old as this when they go.

    `_hold` locks nothing while no row has the digest: what protects a first row that is not yet committed is
    that `put` made its bytes young.
    """
    _hold(tx, digests)
    return sum(blobs.drop_old(sha256, before) for sha256 in _unused(tx, digests))


def drop_removed(tx: Session, *, attachment_id: UUID) -> int:
    """Drop the bytes of a photo whose removal is committed, unless another photo has the same."""
    gone = (AttachmentRow.id == attachment_id, AttachmentRow.removed_at.is_not(None))
    digests = list(tx.scalars(select(AttachmentRow.sha256).where(*gone)))
    _hold(tx, digests)  # there is a row to lock, so young bytes may go as well
    unused = _unused(tx, digests)
    for sha256 in unused:
        blobs.drop(sha256)
    return len(unused)


def orphans(session: Session, *, now: datetime) -> list[list[str]]:
    """List in batches the bytes that have waited a day and still belong to no photo."""
    old = [blob.sha256 for blob in blobs.listed() if blob.at < now - GRACE]
    batches = (old[start : start + _BATCH] for start in range(0, len(old), _BATCH))
    found = (_unused(session, batch) for batch in batches)
    return [batch for batch in found if batch]


def _unused(session: Session, digests: Sequence[str]) -> list[str]:
    used = select(AttachmentRow.sha256).where(AttachmentRow.sha256.in_(digests), AttachmentRow.removed_at.is_(None))
    # the photo of a signed sheet belongs to a service record, and to no ticket
    sheets = select(ServiceRecordRow.evidence_sha256).where(ServiceRecordRow.evidence_sha256.in_(digests))
    held = {*session.scalars(used), *session.scalars(sheets)}
    return [sha256 for sha256 in digests if sha256 not in held]


def problems(session: Session) -> Iterator[str]:
    """Name every photo and signed sheet whose bytes are gone or no longer those that were put."""
    yield from _photo_problems(session)
    yield from _sheet_problems(session)


def _sheet_problems(session: Session) -> Iterator[str]:
    row = ServiceRecordRow
    query = select(AreaRow.name, row.served_on, row.id, row.evidence_sha256)
    query = query.join(AreaRow, AreaRow.id == row.community_id).where(row.evidence_sha256.is_not(None))
    for name, day, record, sha256 in session.execute(query.order_by(row.id).execution_options(yield_per=_BATCH)):
        if sha256 and (trouble := blobs.trouble(sha256)):
            yield f"{name} {day} 服务记录 {record} 的签到表照片的文件{trouble}"


def _photo_problems(session: Session) -> Iterator[str]:
    query = (
        select(AreaRow.name, TicketRow.number, AttachmentRow.id, AttachmentRow.sha256)
        .join(TicketRow, TicketRow.id == AttachmentRow.ticket_id)
        .join(AreaRow, AreaRow.id == TicketRow.community_id)
        .where(AttachmentRow.removed_at.is_(None))
        .order_by(AreaRow.name, TicketRow.number, AttachmentRow.id)
    )
    for name, number, photo, sha256 in session.execute(query.execution_options(yield_per=_BATCH)):
        if trouble := blobs.trouble(sha256):
            yield f"{name} {number_text(number)} 的照片 {photo} 的文件{trouble}"
