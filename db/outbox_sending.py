"""A message's way out: claimed for one post under a lease, sent outside any transaction, its answer noted."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, not_, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import channels
from db.channels import Line
from db.models import ChannelRow, OutboxAttemptRow, OutboxRow
from db.outbox import IS_UNSENT
from db.outbox_doubt import AGAIN, DOUBT, lapse, put_back
from db.outbox_words import facts, link_for
from domain import delivery, messages
from domain.delivery import Answer, Outcome
from domain.ids import new_id
from domain.outbox import UNSENT, ChannelKind, MessageState, Severity, Template

_LOG = logging.getLogger("linli")
LOOK_AT = 300  # messages of one channel at a time
FULL = 40  # lines, about, fill the smallest robot's post
_NEVER_LEFT = Answer(Outcome.REFUSED, "never left")


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


def claim(tx: Session, *, channel_id: UUID, now: datetime, lease: str = "") -> Post | None:
    """Take what goes into the channel's next post; none if nothing may go now, or another worker is at it.

    The leases of a process begin alike, so that all of them can be found if it dies.
    """
    awake = or_(ChannelRow.muted_until.is_(None), ChannelRow.muted_until <= now)
    mine = (ChannelRow.id == channel_id, ChannelRow.active, awake)
    # no stronger lock: whoever owes the channel a message only needs it to be there
    query = select(ChannelRow).where(*mine).with_for_update(skip_locked=True, key_share=True)
    channel = tx.scalars(query.execution_options(populate_existing=True)).first()
    if channel is None:
        return None
    rows = _ready(tx, channel_id, now)
    group = _group(rows, together=delivery.is_scarce(channel.recent, now))
    if not group or not delivery.has_room(channel.recent, group[0].severity, now):
        return None
    worded = _worded(tx, channel, group)
    if worded is None:
        return claim(tx, channel_id=channel_id, now=now, lease=lease)  # without those that were given up
    line, texts, taken = worded
    if not delivery.has_room(channel.recent, group[0].severity, now, posts=len(texts)):
        return None
    if len(taken) == len(group) and delivery.gathers(channel.recent, group[0].severity, now):
        return None
    channel.recent = delivery.still_recent(channel.recent, now) + [now.timestamp()] * len(texts)
    post = Post(lease or new_id().hex, line, texts, tuple(row.id for row in taken), group[0].severity)
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
    lapse(tx, [row for row in rows if row.state == MessageState.SENDING], now)
    tx.flush()
    return [row for row in rows if row.state in UNSENT]


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
    # written already, it may be told again: the line was lost after the commit
    settled = OutboxRow.state.in_([MessageState.QUEUED, MessageState.FAILED])
    mine = (OutboxRow.id.in_(post.message_ids), OutboxRow.lease_owner == post.lease, not_(settled))
    query = select(OutboxRow).where(*mine)
    for row in tx.scalars(query.order_by(OutboxRow.id).with_for_update().execution_options(populate_existing=True)):
        _settle_one(row, answer, now)


def _keep_attempt(
    tx: Session, channel_id: UUID, message_ids: Sequence[UUID], answer: Answer, millis: int, now: datetime
) -> None:
    channels.note_answer(tx, channel_id=channel_id, answer=answer, now=now)
    tried = {"at": now, "ok": answer.ok, "code": answer.code[:40], "millis": millis}
    tx.execute(insert(OutboxAttemptRow), [{"id": new_id(), "message_id": one, **tried} for one in message_ids])


def _settle_one(row: OutboxRow, answer: Answer, now: datetime) -> None:
    # given up because nobody knew: now its sender says so after all
    known = answer.ok and row.state == MessageState.DEAD and row.provider_code in (DOUBT, AGAIN)
    row.provider_code = answer.code[:40]
    if answer.ok:
        row.accepted_at = now
    if row.state not in UNSENT and not known:  # cancelled meanwhile, it stays so
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


def take_over(tx: Session, *, owner: str, left: Mapping[str, Answer | None] | None, now: datetime) -> bool:
    """Settle what a dead process had under way, by what it left behind; False if somebody holds a part of it.

    `left` has its leases that left the machine, with the answer if there was one. What was claimed and is not in it
    was never sent: that counts as no try, for the message and for the robot. None: it can't be read, any may have left.
    """
    mine = (
        OutboxRow.lease_owner.startswith(owner, autoescape=True),
        OutboxRow.state == MessageState.SENDING,
        IS_UNSENT,
    )
    owed = tx.scalar(select(func.count()).select_from(OutboxRow).where(*mine))
    theirs = ChannelRow.id.in_(select(OutboxRow.channel_id).where(*mine))
    free = select(ChannelRow).where(theirs).order_by(ChannelRow.id).with_for_update(skip_locked=True, key_share=True)
    robots = {one.id: one for one in tx.scalars(free.execution_options(populate_existing=True))}
    query = select(OutboxRow).where(*mine, OutboxRow.channel_id.in_(robots)).order_by(OutboxRow.lease_owner)
    locked = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    rows = tx.scalars(locked).all()
    for lease, post in groupby(rows, key=lambda row: row.lease_owner or ""):
        together = list(post)
        robot = robots[together[0].channel_id or UUID(int=0)]
        _take_over_post(tx, together, robot, None if left is None else left.get(lease, _NEVER_LEFT), now)
    return len(rows) == owed


def _take_over_post(
    tx: Session, rows: Sequence[OutboxRow], robot: ChannelRow, answer: Answer | None, now: datetime
) -> None:
    if answer is _NEVER_LEFT:
        for row in rows:
            put_back(row, robot, now)
    elif answer is None:
        for row in rows:
            row.next_attempt_at = now
        lapse(tx, rows, now)
    else:
        _keep_attempt(tx, robot.id, [row.id for row in rows], answer, 0, now)
        for row in rows:
            _settle_one(row, answer, now)
