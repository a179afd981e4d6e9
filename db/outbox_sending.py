"""A message's way out: claimed for one post under a lease, sent outside any transaction, its answer noted."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, insert, literal_column, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import channels
from db.channels import Line
from db.models import ChannelRow, OutboxAttemptRow, OutboxRow
from db.outbox_words import facts, link_for
from domain import delivery, messages
from domain.delivery import Answer, Outcome
from domain.ids import new_id
from domain.outbox import UNSENT, ChannelKind, MessageState, Severity, Template

_LOG = logging.getLogger("linli")
LOOK_AT = 300  # messages of one channel at a time
# written out, since SQLite uses its partial index only for a condition without parameters
_IS_UNSENT: ColumnElement[bool] = literal_column(
    f"outbox_message.state IN ({', '.join(repr(s.value) for s in MessageState if s in UNSENT)})"
)


@dataclass(frozen=True)
class Post:
    """One request to a robot: one message, or many that share a text."""

    lease: str
    line: Line
    texts: tuple[str, ...]  # more than one only if a message is longer than the robot takes
    message_ids: tuple[UUID, ...]
    severity: int


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    # a message under way is due again when its lease is over
    return (_IS_UNSENT, OutboxRow.next_attempt_at <= now, OutboxRow.severity <= delivery.may_disturb(now))


def channels_due(session: Session, *, now: datetime) -> list[UUID]:
    """List the channels that something is due for, the most urgent first; costs nothing while nothing is."""
    awake = or_(ChannelRow.muted_until.is_(None), ChannelRow.muted_until <= now)
    query: Select[UUID, int] = (
        select(ChannelRow.id, OutboxRow.severity)
        .join(ChannelRow, ChannelRow.id == OutboxRow.channel_id)
        .where(*_due(now), ChannelRow.active, awake)
        .order_by(OutboxRow.severity)
        .distinct()
    )
    return list(dict.fromkeys(row.id for row in session.execute(query)))


def claim(tx: Session, *, channel_id: UUID, now: datetime) -> Post | None:
    """Take what goes into the channel's next post; none if nothing may go now, or another worker is at it."""
    awake = or_(ChannelRow.muted_until.is_(None), ChannelRow.muted_until <= now)
    mine = (ChannelRow.id == channel_id, ChannelRow.active, awake)
    query = select(ChannelRow).where(*mine).with_for_update(skip_locked=True)
    channel = tx.scalars(query.execution_options(populate_existing=True)).first()
    if channel is None:
        return None
    rows = _ready(tx, channel_id, now)
    group = _group(rows)
    if not group or not delivery.has_room(channel.recent, group[0].severity, now):
        return None
    worded = _worded(tx, channel, group)
    if worded is None:
        return claim(tx, channel_id=channel_id, now=now)  # without those that were given up
    line, texts, taken = worded
    if not delivery.has_room(channel.recent, group[0].severity, now, posts=len(texts)):
        return None
    channel.recent = delivery.still_recent(channel.recent, now) + [now.timestamp()] * len(texts)
    post = Post(new_id().hex, line, texts, tuple(row.id for row in taken), group[0].severity)
    _lease(tx, post, now)
    return post


def _ready(tx: Session, channel_id: UUID, now: datetime) -> list[OutboxRow]:
    """Give what may go out, the most urgent first, after settling what came back without an answer or too late."""
    query = select(OutboxRow).where(OutboxRow.channel_id == channel_id, *_due(now)).limit(LOOK_AT)
    in_order = query.order_by(OutboxRow.severity, OutboxRow.created_at, OutboxRow.id)
    locked = in_order.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    rows = tx.scalars(locked).all()
    for row in rows:
        if row.expires_at and row.expires_at <= now:
            row.state = MessageState.EXPIRED.value
        elif row.state == MessageState.SENDING:
            _lapse(row)
    tx.flush()
    return [row for row in rows if row.state in UNSENT]


def _lapse(row: OutboxRow) -> None:
    """Settle a message whose sender died: sent again and marked if it matters, else left to a person."""
    row.provider_code = "uncertain"
    if row.severity < Severity.NORMAL:
        row.state, row.repeated = MessageState.UNCERTAIN.value, True
    else:
        row.state = MessageState.DEAD.value


def _group(rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Pick what shares the next post: a few urgent ones go singly, many of a kind or a grid's news together."""
    if not rows:
        return []
    first = rows[0]
    if first.severity == Severity.NORMAL:
        return [row for row in rows if row.severity == first.severity and _grid(row) == _grid(first)]
    alike = [row for row in rows if _kind(row) == _kind(first)]
    return alike if len(alike) > delivery.SINGLY else alike[:1]


def _kind(row: OutboxRow) -> tuple[int, str, str]:
    return row.severity, row.template, row.body.get("cause", "")


def _grid(row: OutboxRow) -> str:
    """Name the grid a message is about by its path: street, community, grid."""
    return "/".join(row.body.get("area", "").split("/")[:4])


def _worded(
    tx: Session, channel: ChannelRow, group: Sequence[OutboxRow]
) -> tuple[Line, tuple[str, ...], Sequence[OutboxRow]] | None:
    """Word a post and read where it goes; none if some of it can't be, which is then given up and says why.

    Owed for ever, it would keep everything behind it from going out.
    """
    limit = delivery.LIMIT_BYTES[ChannelKind(channel.kind)]
    try:
        return channels.line_of(channel), *_texts(tx, group, limit)
    except DBAPIError:  # no message is to blame
        raise
    except Exception as error:
        bad = [row for row in group if not _can_be_worded(tx, channel, row, limit)] or group
        for row in bad:
            row.state, row.provider_code = MessageState.DEAD.value, f"unworded {type(error).__name__}"[:40]
            _LOG.error("message.unworded", extra={"fields": {"error": type(error).__name__, "id": row.id.hex}})
        tx.flush()
        return None


def _can_be_worded(tx: Session, channel: ChannelRow, row: OutboxRow, limit: int) -> bool:
    try:
        return bool(channels.line_of(channel) and _texts(tx, [row], limit) and _line(row, facts(tx, [row])[0]))
    except DBAPIError:
        raise
    except Exception:
        return False


def _line(row: OutboxRow, told: messages.Facts) -> str:
    return messages.line(Template(row.template), told)


def _texts(tx: Session, group: Sequence[OutboxRow], limit: int) -> tuple[tuple[str, ...], Sequence[OutboxRow]]:
    """Word the post: how many of the group it takes is a matter of bytes."""
    told = facts(tx, group)
    template = Template(group[0].template)
    if len(group) == 1:
        return tuple(messages.cut(messages.words(template, told[0]), limit)), group
    lines = [_line(row, one) for row, one in zip(group, told, strict=True)]
    one_kind = template if all(row.template == template for row in group) else Template.ALERT
    link = link_for(template)
    # the head names how many there are, so it is as long as it gets for all of them
    room = limit - messages.size(messages.digest(one_kind, told, [], link)) - 8
    fits = messages.fitting(lines, room)
    text = messages.digest(one_kind, told, lines[:fits], link)
    return tuple(messages.cut(text, limit)), group[:fits]


def _lease(tx: Session, post: Post, now: datetime) -> None:
    until = now + delivery.LEASE
    values = {"state": MessageState.SENDING.value, "lease_owner": post.lease, "lease_until": until}
    tx.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(post.message_ids))
        .values(**values, next_attempt_at=until, attempts=OutboxRow.attempts + 1)
    )


def still_wanted(session: Session, *, post: Post) -> bool:
    """Ask right before sending: the incident may have been closed a moment ago."""
    query = select(OutboxRow.id).where(OutboxRow.lease_owner == post.lease, OutboxRow.state == MessageState.SENDING)
    return session.scalars(query.limit(1)).first() is not None


def settle(tx: Session, *, post: Post, answer: Answer, millis: int, now: datetime) -> None:
    """Note what the robot said: on the channel, on each message, and for good in the attempts."""
    channels.note_answer(tx, channel_id=post.line.channel_id, answer=answer, now=now)
    tried = {"at": now, "ok": answer.ok, "code": answer.code[:40], "millis": millis}
    tx.execute(insert(OutboxAttemptRow), [{"id": new_id(), "message_id": one, **tried} for one in post.message_ids])
    query = select(OutboxRow).where(OutboxRow.id.in_(post.message_ids), OutboxRow.lease_owner == post.lease)
    for row in tx.scalars(query.order_by(OutboxRow.id).with_for_update().execution_options(populate_existing=True)):
        row.provider_code = answer.code[:40]
        if answer.ok:
            row.accepted_at = now
        if row.state in UNSENT:  # cancelled meanwhile, it stays so
            _settle_one(row, answer, now)


def _settle_one(row: OutboxRow, answer: Answer, now: datetime) -> None:
    if answer.ok:
        row.state = MessageState.ACCEPTED.value
        return
    if answer.outcome is Outcome.LATER:
        row.attempts -= 1  # the robot was busy: that is no failure of this message
        row.state, row.next_attempt_at = MessageState.QUEUED.value, now + answer.wait
        return
    again = delivery.retry_at(row.attempts, row.severity, row.created_at, now)
    unknown = answer.outcome is Outcome.UNKNOWN
    if answer.outcome is Outcome.FINAL or again is None or (unknown and row.severity >= Severity.NORMAL):
        row.state = MessageState.DEAD.value
        return
    row.state = MessageState.UNCERTAIN.value if unknown else MessageState.FAILED.value
    row.repeated, row.next_attempt_at = row.repeated or unknown, again
