"""Is what a ticket's own row forgets true: its earlier rounds against its events, what came again against both."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from db import stat_facts
from db.models import TicketEventRow, TicketRecurrenceRow, TicketRoundRow, TicketRow
from db.stat_rounds import ROUND, rounds
from db.ticket_events import number_text
from domain.clock import local_date

_T, _E, _R = TicketRow.__table__.c, TicketEventRow.__table__.c, TicketRoundRow.__table__.c


def problems(session: Session) -> Iterator[str]:
    yield from _rounds(session)
    yield from _recurrences(session)


def _rounds(session: Session) -> Iterator[str]:
    query = select(_T.id, _T.number).where(_T.round_no > 1)  # in the order of the file, quick to read
    for page in session.execute(query, execution_options={"yield_per": stat_facts.BATCH}).partitions():
        yield from _batch(session, {row.id: row.number for row in page})
    first = select(_T.number).join(TicketRoundRow.__table__, _R.ticket_id == _T.id).where(_R.round_no >= _T.round_no)
    for number in session.scalars(first.limit(1)):
        yield f"{number_text(number)} 记着还没有过的一轮办理，请检查 ticket_round"


def _batch(session: Session, numbers: dict[UUID, int]) -> Iterator[str]:
    columns = (_E.ticket_id, _E.community_id, _E.round_no, _E.at, _E.changes)
    events = session.execute(select(*columns).where(_E.ticket_id.in_(numbers)).order_by(_E.ticket_id, _E.seq))
    told = [row for _, held in groupby(events, lambda event: event.ticket_id) for row in rounds(held)]
    names = ("ticket_id", "round_no", *ROUND, "reopened_at")
    wanted = {tuple(row[name] for name in names) for row in told}
    stored = session.execute(select(*(_R[name] for name in names)).where(_R.ticket_id.in_(numbers)))
    for ticket, number, *_ in sorted(wanted ^ {tuple(row) for row in stored}, key=lambda row: (row[0], row[1]))[:1]:
        yield f"{number_text(numbers[ticket])} 第 {number} 轮办理的记录与流水不一致，请检查 ticket_round"


def _recurrences(session: Session) -> Iterator[str]:
    """What came again must tell when the other was closed; which of two it is stays as it was found first."""
    again, of, own = TicketRecurrenceRow, aliased(TicketRow), TicketRow
    earlier = and_(TicketRoundRow.ticket_id == again.of_id, TicketRoundRow.round_no == again.of_round)
    columns: tuple[Any, ...] = (again.closed_on, own.number, again.of_round, of.round_no.label("last"), of.closed_at)
    query = select(
        *columns, TicketRoundRow.closed_at.label("before"), (own.community_id == again.community_id).label("at_home")
    )
    query = query.join(own, own.id == again.ticket_id).join(of, of.id == again.of_id).outerjoin(TicketRoundRow, earlier)
    for row in session.execute(query):
        at = row.closed_at if row.of_round == row.last else row.before
        if not row.at_home or at is None or local_date(at) != row.closed_on:
            yield f"{number_text(row.number)} 记着的上次办结日期不对，请检查 ticket_recurrence"
            return
