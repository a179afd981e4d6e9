"""What did not reach anybody: listed for the administrator, sent again by hand, and told on the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, select, update
from sqlalchemy.orm import Session

from db import outbox
from db.models import ChannelRow, IncidentRow, OutboxRow
from db.outbox_words import facts
from db.writes import audit
from domain import access, messages
from domain.access import RIGHTS, Actor
from domain.errors import Changed, NotFound, Refused, WrongState
from domain.incidents import ENDED_STATES
from domain.outbox import UNSENT, MessageState, Severity, Template

SHOWN_FOR, URGENT_FOR = timedelta(days=14), timedelta(days=1)
SHOWN = 100
_UNWORDED = "（这条消息的内容有误，没有写成）"
# an alarm that is over alarms nobody; only its all-clear may still be owed
_ENDED = (IncidentRow.id == OutboxRow.incident_id, IncidentRow.state.in_(ENDED_STATES))
_IS_OVER = and_(OutboxRow.template != Template.ALL_CLEAR, exists().where(*_ENDED).correlate(OutboxRow))
_MATTERS = and_(not_(_IS_OVER), OutboxRow.template != Template.CANARY)  # a trial that failed is told by its channel
_BY_HAND = "again:"  # how the key begins of what found another channel
_GOES_AGAIN = and_(
    OutboxRow.state.in_(UNSENT), or_(OutboxRow.repeated, OutboxRow.dedupe_key.startswith(_BY_HAND, autoescape=True))
)


@dataclass(frozen=True)
class Lost:
    """A message that was given up, or that goes again after it was."""

    id: UUID
    at: datetime
    channel: str
    text: str
    severity: int
    code: str
    attempts: int
    state: MessageState
    who: str = ""  # who should have got it
    incident_id: UUID | None = None

    @property
    def goes_again(self) -> bool:
        return self.state is not MessageState.DEAD


def listed(session: Session, *, actor: Actor, now: datetime) -> list[Lost]:
    """List the newest, the urgent of the last day before all others."""
    access.check(actor, "messages.lost")
    mine = access.communities_of(access.grants_for(actor, RIGHTS["messages.lost"]))
    urgent = and_(OutboxRow.severity < Severity.NORMAL, OutboxRow.created_at > now - URGENT_FOR)
    query = (
        select(OutboxRow, ChannelRow.name)
        .outerjoin(ChannelRow, ChannelRow.id == OutboxRow.channel_id)
        .where(OutboxRow.community_id.in_(mine), OutboxRow.created_at > now - SHOWN_FOR)
        .where(or_(OutboxRow.state == MessageState.DEAD, _GOES_AGAIN), _MATTERS)
        .order_by(case((urgent, 0), else_=1), OutboxRow.id.desc())  # sent again, it keeps its place
    )
    found = session.execute(query.limit(SHOWN)).all()
    told = _texts(session, [row for row, _ in found])
    return [
        Lost(
            id=row.id,
            at=row.created_at,
            channel=name or "",
            text=text,
            severity=row.severity,
            code=row.provider_code,
            attempts=row.attempts,
            state=MessageState(row.state),
            who=who,
            incident_id=row.incident_id,
        )
        for (row, name), (text, who) in zip(found, told, strict=True)
    ]


def _texts(session: Session, rows: Sequence[OutboxRow]) -> list[tuple[str, str]]:
    """Word what was given up, and for whom it was; one that can't be worded hides no other."""
    try:
        told = facts(session, rows)
        said = zip(rows, told, strict=True)
        return [(messages.line(Template(row.template), one), one.get("who", "")) for row, one in said]
    except (AttributeError, KeyError, TypeError, ValueError):
        return [(_UNWORDED, "")] if len(rows) == 1 else [text for row in rows for text in _texts(session, [row])]


def send_again(tx: Session, *, actor: Actor, message_id: UUID, now: datetime) -> int:
    """Owe a message again that was given up; give to how many channels. A second tap finds it taken."""
    access.check(actor, "settings")
    row = tx.get(OutboxRow, message_id, populate_existing=True)
    mine = access.communities_of(access.grants_for(actor, RIGHTS["settings"]))
    if row is None or row.community_id not in mine:
        raise NotFound("没有找到这条消息，请刷新后再看。")
    if tx.scalar(select(_IS_OVER).where(OutboxRow.id == message_id)):
        raise WrongState("这起预警已经结束，这条消息不用再发。")
    active = row.channel_id and tx.scalar(select(ChannelRow.active).where(ChannelRow.id == row.channel_id))
    values = {"attempts": 0, "next_attempt_at": now, "expires_at": None, "created_at": now, "repeated": True}
    # what had no channel, or one that is switched off, goes to whoever covers the place now
    goes_on = MessageState.QUEUED if active else MessageState.SUPERSEDED
    dead = (OutboxRow.id == message_id, OutboxRow.state == MessageState.DEAD)
    done = tx.execute(update(OutboxRow).where(*dead).values(state=goes_on.value, **(values if active else {})))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Changed("这条消息已经重发过了。")
    audit(tx, "message.again", actor_id=actor.user_id, subject_id=message_id, now=now)
    return 1 if active else _reroute(tx, row, now)


def _reroute(tx: Session, row: OutboxRow, now: datetime) -> int:
    if not outbox.covering(tx, row.body["area"], emergency=row.severity == Severity.EMERGENCY):
        raise Refused("这里还没有在用的通知渠道，请先添加一个。")
    return outbox.enqueue(
        tx,
        community_id=row.community_id,
        area_path=row.body["area"],
        template=Template(row.template),
        body=row.body,
        severity=row.severity,
        dedupe=f"{_BY_HAND}{row.id.hex}",
        incident_id=row.incident_id,
        ticket_id=row.ticket_id,
        now=now,
        send_at=now,
    )


def urgent_words(session: Session, *, communities: frozenset[UUID], now: datetime) -> str:
    """Say how many urgent messages reached nobody, and whom to call; nothing if all arrived."""
    count = session.scalar(select(func.count()).select_from(OutboxRow).where(*_urgent(communities, now)))
    if not count:
        return ""
    whom = "、".join(_to_call(session, communities, now))
    return f"最近一天有{count}条紧急消息没有发出，请打电话通知{f'：{whom}' if whom else ''}"


def _to_call(session: Session, communities: frozenset[UUID], now: datetime) -> list[str]:
    """Name whom urgent messages of the last day should have reached and did not, the latest first."""
    query = select(OutboxRow).where(*_urgent(communities, now)).order_by(OutboxRow.id.desc())
    told = _texts(session, session.scalars(query.limit(SHOWN)).all())
    return list(dict.fromkeys(who for _, whom in told for who in whom.split("、") if who))


def _urgent(communities: frozenset[UUID], now: datetime) -> tuple[ColumnElement[bool], ...]:
    lost = (OutboxRow.state == MessageState.DEAD, OutboxRow.severity < Severity.NORMAL, _MATTERS)
    return (OutboxRow.community_id.in_(communities), OutboxRow.created_at > now - URGENT_FOR, *lost)
