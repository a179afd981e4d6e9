"""A message's way out: claimed for one post under a lease, sent outside any transaction, its answer noted."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import channels
from db.channels import Line
from db.models import ChannelRow, OutboxAttemptRow, OutboxRow
from db.outbox import IS_UNSENT
from db.outbox_words import facts, link_for
from domain import delivery, messages
from domain.delivery import Answer, Outcome
from domain.ids import new_id
from domain.outbox import UNSENT, ChannelKind, MessageState, Severity, Template

_LOG = logging.getLogger("linli")
LOOK_AT = 300  # messages of one channel at a time
FULL = 40  # lines, about, fill the smallest robot's post


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
    return (IS_UNSENT, OutboxRow.next_attempt_at <= now, OutboxRow.severity <= delivery.may_disturb(now))


def channels_due(session: Session, *, now: datetime) -> list[UUID]:
    """List the channels that something is due for, the most urgent first; costs nothing while nothing is."""
    awake = or_(ChannelRow.muted_until.is_(None), ChannelRow.muted_until <= now)
    first, many = func.min(OutboxRow.severity).label("severity"), func.count().label("many")
    owed = select(OutboxRow.channel_id, first, many).where(*_due(now)).group_by(OutboxRow.channel_id).subquery()
    query = (
        select(ChannelRow.id, ChannelRow.recent, owed.c.severity, owed.c.many)
        .join(owed, owed.c.channel_id == ChannelRow.id)
        .where(ChannelRow.active, awake)
        .order_by(owed.c.severity, ChannelRow.id)
    )
    return [row.id for row in session.execute(query) if _may_go(row.recent, row.severity, row.many, now)]


def _may_go(recent: Sequence[float], severity: int, many: int, now: datetime) -> bool:
    """Tell whether it is worth the lock to look closer; a post may be full with so many."""
    gathers = many < FULL and delivery.gathers(recent, severity, now)
    return delivery.has_room(recent, severity, now) and not gathers


def claim(tx: Session, *, channel_id: UUID, now: datetime, owner: str = "") -> Post | None:
    """Take what goes into the channel's next post; none if nothing may go now, or another worker is at it.

    `owner` begins the lease, so that all of one process can be found if it dies.
    """
    awake = or_(ChannelRow.muted_until.is_(None), ChannelRow.muted_until <= now)
    mine = (ChannelRow.id == channel_id, ChannelRow.active, awake)
    query = select(ChannelRow).where(*mine).with_for_update(skip_locked=True)
    channel = tx.scalars(query.execution_options(populate_existing=True)).first()
    if channel is None:
        return None
    rows = _ready(tx, channel_id, now)
    group = _group(rows, together=delivery.is_scarce(channel.recent, now))
    if not group or not delivery.has_room(channel.recent, group[0].severity, now):
        return None
    worded = _worded(tx, channel, group)
    if worded is None:
        return claim(tx, channel_id=channel_id, now=now, owner=owner)  # without those that were given up
    line, texts, taken = worded
    if not delivery.has_room(channel.recent, group[0].severity, now, posts=len(texts)):
        return None
    if len(taken) == len(group) and delivery.gathers(channel.recent, group[0].severity, now):
        return None
    channel.recent = delivery.still_recent(channel.recent, now) + [now.timestamp()] * len(texts)
    post = Post(owner + new_id().hex[len(owner) :], line, texts, tuple(row.id for row in taken), group[0].severity)
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
    """Settle a message whose sender died: sent again once and marked if it matters, else left to a person.

    Twice nobody knows: then it stands among what was not sent, and the ladder's next step tells of it anew.
    """
    row.provider_code = "uncertain_again" if row.repeated else "uncertain"
    if row.severity < Severity.NORMAL and not row.repeated:
        row.state, row.repeated = MessageState.UNCERTAIN.value, True
    else:
        row.state = MessageState.DEAD.value


def _group(rows: Sequence[OutboxRow], *, together: bool) -> list[OutboxRow]:
    """Pick what shares the next post: a few urgent ones go singly, many of a kind or a grid's news together."""
    if not rows:
        return []
    first = rows[0]
    if first.severity == Severity.NORMAL:
        return [row for row in rows if row.severity == first.severity and _grid(row) == _grid(first)]
    alike = [row for row in rows if _kind(row) == _kind(first)]
    return alike if together or len(alike) > delivery.SINGLY else alike[:1]


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
    _keep_attempt(tx, post.line.channel_id, post.message_ids, answer, millis, now)
    query = select(OutboxRow).where(OutboxRow.id.in_(post.message_ids), OutboxRow.lease_owner == post.lease)
    for row in tx.scalars(query.order_by(OutboxRow.id).with_for_update().execution_options(populate_existing=True)):
        _settle_one(row, answer, now)


def _keep_attempt(
    tx: Session, channel_id: UUID, message_ids: Sequence[UUID], answer: Answer, millis: int, now: datetime
) -> None:
    channels.note_answer(tx, channel_id=channel_id, answer=answer, now=now)
    tried = {"at": now, "ok": answer.ok, "code": answer.code[:40], "millis": millis}
    tx.execute(insert(OutboxAttemptRow), [{"id": new_id(), "message_id": one, **tried} for one in message_ids])


def _settle_one(row: OutboxRow, answer: Answer, now: datetime) -> None:
    row.provider_code = answer.code[:40]
    if answer.ok:
        row.accepted_at = now
    if row.state not in UNSENT:  # cancelled meanwhile, it stays so
        return
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


# --- after a sender that was killed ----------------------------------------------------------------------


def take_over(tx: Session, *, owner: str, left: Mapping[str, Answer | None], now: datetime) -> int:
    """Settle what a dead process had under way, by what it left behind; give how many messages.

    `left` has its leases that left the machine, with the answer if there was one. What was claimed and is not in it
    was never sent: that counts as no try, for the message and for the robot.
    """
    held = OutboxRow.lease_owner.startswith(owner, autoescape=True)
    mine = (held, OutboxRow.state == MessageState.SENDING, IS_UNSENT, OutboxRow.channel_id == ChannelRow.id)
    locked = select(ChannelRow).where(exists().where(*mine)).order_by(ChannelRow.id).with_for_update()
    robots = {one.id: one for one in tx.scalars(locked.execution_options(populate_existing=True))}
    query = select(OutboxRow, ChannelRow.id).join(ChannelRow, and_(*mine)).order_by(OutboxRow.id)
    rows = tx.execute(query.with_for_update(of=OutboxRow).execution_options(populate_existing=True)).all()
    for row, robot in rows:
        lease = row.lease_owner or ""
        if lease not in left:
            _put_back(row, robots[robot], now)
        elif (answer := left[lease]) is None:
            row.next_attempt_at = now
            _lapse(row)
        else:
            _keep_attempt(tx, robot, [row.id], answer, 0, now)
            _settle_one(row, answer, now)
    return len(rows)


def _put_back(row: OutboxRow, channel: ChannelRow, now: datetime) -> None:
    """Undo a claim that nothing came of."""
    row.state, row.next_attempt_at, row.attempts = MessageState.QUEUED.value, now, row.attempts - 1
    if row.lease_until is not None:
        claimed = (row.lease_until - delivery.LEASE).timestamp()
        channel.recent = [at for at in channel.recent if abs(at - claimed) > 0.0005]
