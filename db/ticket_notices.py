"""What the robots are told of a ticket: that it was given out or urged, is nearly due, is overdue."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from db import outbox, rules
from db.models import ChannelRow, TicketRow
from db.models.tickets import OPEN_WORK
from domain.outbox import Severity, Template
from domain.tickets import CLOCK_RUNS, Action

TOLD = {
    Action.DISPATCH: Template.TICKET_DISPATCHED,
    Action.TRANSFER: Template.TICKET_DISPATCHED,
    Action.URGE: Template.TICKET_URGED,
}
USEFUL_FOR = timedelta(hours=12)  # said later, it is no news
MARK = "notices.until"  # tickets whose moment came before it have been told of
LONGEST_GAP = timedelta(days=2)
MOST_AT_ONCE = 500


def of_step(tx: Session, row: TicketRow, action: Action, *, now: datetime) -> None:
    """Tell of a step that somebody else has to act on; part of the step's own transaction."""
    if template := TOLD.get(action):
        _owe(tx, row, template, f"{action.value}:{row.version}", now)


def _owe(tx: Session, row: TicketRow, template: Template, what: str, now: datetime) -> int:
    return outbox.enqueue(
        tx,
        community_id=row.community_id,
        area_path=row.area_path,
        template=template,
        body={"who": ["grid_worker"]} if template is Template.TICKET_OVERDUE else {},
        severity=Severity.NORMAL,
        dedupe=f"tk:{row.id.hex}:{what}",
        ticket_id=row.id,
        expires_at=now + USEFUL_FOR,
        now=now,
    )


def of_time(tx: Session, *, now: datetime) -> int:
    """Tell of tickets that came due, or nearly so, since the last time; give how many messages are owed.

    The first time nothing is told: what was late before there were robots is no news.
    """
    until = rules.get_raw(tx, MARK)
    rules.put(tx, MARK, now.isoformat())
    if until is None or not tx.scalars(select(ChannelRow.id).where(ChannelRow.active).limit(1)).first():
        return 0
    since = max(datetime.fromisoformat(until), now - LONGEST_GAP)
    soon = and_(TicketRow.soon_at > since, TicketRow.soon_at <= now, TicketRow.due_at > now)
    over = and_(TicketRow.due_at > since, TicketRow.due_at <= now)
    owed = [_owe(tx, row, Template.TICKET_DUE_SOON, _when("soon", row), now) for row in _running(tx, soon)]
    owed += [_owe(tx, row, Template.TICKET_OVERDUE, _when("over", row), now) for row in _running(tx, over)]
    return sum(owed)


def _running(tx: Session, came: ColumnElement[bool]) -> Iterable[TicketRow]:
    query = select(TicketRow).where(OPEN_WORK, TicketRow.status.in_(CLOCK_RUNS), came)
    return tx.scalars(query.order_by(TicketRow.due_at).limit(MOST_AT_ONCE)).all()


def _when(what: str, row: Any) -> str:
    """Name the moment: a new due time, or a new round, is told of again."""
    return f"{what}:{row.due_at:%Y%m%d%H%M}"
