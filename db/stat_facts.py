"""What figures depend on, read from the rows: tickets with their rounds before the last, and what came again."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, delete, insert, select, text
from sqlalchemy.orm import Session

from db.models import TicketRecurrenceRow, TicketRoundRow, TicketRow
from db.models.tickets import CLOSED_WORK
from domain.clock import local_date
from domain.stats import DROPPED, RECURS_WITHIN, Facts, Round

_T, _R, _AGAIN = TicketRow.__table__.c, TicketRoundRow.__table__.c, TicketRecurrenceRow.__table__.c
NAMES = (
    *("id", "area_path", "building_id", "category_id", "kind", "handler_id", "status", "matter", "channel"),
    *("reported_at", "reported_on", "first_contact_at", "hidden_at"),
    *("round_no", "due_at", "resolved_at", "closed_at", "result_class", "satisfaction"),
)
# a step that touches none of these changes no figure
MATTERS = frozenset(NAMES) - {"id"}
BATCH = 2000
_CLOSED_AT = attrgetter("closed_at")
Read = Row[*tuple[Any, ...]]
_PLAIN = {"synchronize_session": False}


def query() -> Select[*tuple[Any, ...]]:
    """Select what `read` makes facts of: one row a ticket."""
    columns = [_T[name] for name in NAMES]
    joined = select(*columns, _AGAIN.closed_on.label("recurs_on"))
    return joined.select_from(TicketRow.__table__.outerjoin(TicketRecurrenceRow.__table__, _AGAIN.ticket_id == _T.id))


_OF = query().where(_T.id.in_(bindparam("ids", expanding=True)))  # made once: each command asks it twice


def read(session: Session, rows: Sequence[Read]) -> Iterator[tuple[UUID, Facts]]:
    """Turn rows of `query` into facts, with the rounds before the last where there are any."""
    again = [row.id for row in rows if row.round_no > 1]
    earlier = _earlier(session, again) if again else {}
    for row in rows:
        yield row.id, made_of(row, earlier.get(row.id, ()))


def made_of(row: Any, earlier: Sequence[Round]) -> Facts:
    """Make facts of a row with the names of `query`."""
    last = Round(row.round_no, row.due_at, row.resolved_at, row.closed_at, row.result_class, row.satisfaction)
    return Facts(
        area_path=row.area_path,
        has_building=row.building_id is not None,
        category_id=row.category_id,
        kind=row.kind,
        handler_id=row.handler_id,
        status=row.status,
        matter=row.matter,
        channel=row.channel,
        reported_at=row.reported_at,
        reported_on=row.reported_on,
        first_contact_at=row.first_contact_at,
        hidden=row.hidden_at is not None,
        rounds=(*earlier, last),
        recurs_on=row.recurs_on,
    )


def _earlier(session: Session, ids: Collection[UUID]) -> dict[UUID, list[Round]]:
    found: dict[UUID, list[Round]] = defaultdict(list)
    rows = session.execute(select(TicketRoundRow.__table__).where(_R.ticket_id.in_(ids)).order_by(_R.round_no))
    for row in rows:
        ended = (row.due_at, row.resolved_at, row.closed_at, row.result_class, row.satisfaction, row.reopened_at)
        found[row.ticket_id].append(Round(row.round_no, *ended))
    return found


def batches(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    """Part them: a statement takes only so many parameters."""
    held = list(ids)
    return (held[n : n + BATCH] for n in range(0, len(held), BATCH))


def facts_of(session: Session, ids: Collection[UUID]) -> dict[UUID, Facts]:
    found: dict[UUID, Facts] = {}
    for some in batches(ids):
        found |= read(session, session.execute(_OF, {"ids": some}).all())
    return found


def every(session: Session, *held: ColumnElement[bool]) -> Iterator[Facts]:
    """Give the facts of all tickets of which this holds, in one pass over them, in whatever order."""
    for rows in session.execute(query().where(*held), execution_options={"yield_per": BATCH}).partitions():
        yield from (facts for _, facts in read(session, rows))


def keep_round(tx: Session, row: TicketRow, *, now: datetime) -> None:
    """Keep what the round that ends here came to, before the row tells of the next."""
    values = {name: getattr(row, name) for name in ("due_at", "resolved_at", "closed_at", "result_class")}
    values |= {"ticket_id": row.id, "round_no": row.round_no, "community_id": row.community_id}
    tx.execute(insert(TicketRoundRow).values(**values, satisfaction=row.satisfaction, reopened_at=now))


def find_recurrences(tx: Session, ids: Collection[UUID]) -> bool:
    """Tie each of these to the latest of its kind that was closed in its building within 30 days before it.

    A closing comes again once: what is tied to it first stays. Tells whether anything changed.
    """
    gone = 0
    found: list[Read] = []
    placed = (_T.building_id.is_not(None), _T.category_id.is_not(None), _T.hidden_at.is_(None))
    columns = (_T.id, _T.community_id, _T.building_id, _T.category_id, _T.reported_at)
    query = select(*columns).where(*placed, _T.status.not_in(DROPPED))
    for some in batches(ids):
        tied = delete(TicketRecurrenceRow).where(_AGAIN.ticket_id.in_(some))
        gone += tx.execute(tied, execution_options=_PLAIN).rowcount  # type: ignore[attr-defined]
        found += tx.execute(query.where(_T.id.in_(some)))
    found.sort(key=lambda row: (row.reported_at, row.id.int))
    ties = list(_ties(found, _closings(tx, found))) if found else []
    if ties:
        tx.execute(_TIE, ties)
    return bool(ties or gone)


def find_all_recurrences(tx: Session) -> None:
    """Do so for the whole database at once, as if its reports came in one after the other.

    One pass over the tickets in the order of their file: to look them up a place at a time reads it all over the disk.
    """
    tx.execute(delete(TicketRecurrenceRow), execution_options=_PLAIN)
    place = (_T.building_id, _T.category_id, _T.community_id)  # in this order, or an index leads all over the disk too
    closed = case((CLOSED_WORK, _T.closed_at)).label("closed_at")
    placed = (_T.building_id.is_not(None), _T.category_id.is_not(None), _T.hidden_at.is_(None))
    query = select(_T.id, *place, _T.reported_at, closed, _T.round_no).where(*placed, _T.status.not_in(DROPPED))
    rows = tx.execute(query.order_by(*place, _T.reported_at, _T.id), execution_options={"yield_per": BATCH})
    found = (list(same) for _, same in groupby(rows, key=itemgetter(1, 2, 3)))
    ties = chain.from_iterable(_ties(same, _as_closed(same)) for same in found)
    while some := list(islice(ties, BATCH)):
        tx.execute(_TIE, some)


def _as_closed(rows: Sequence[Read]) -> list[Read]:
    """Put those that were closed in the order of `_ties`."""
    return sorted((row for row in rows if row.closed_at), key=lambda row: (row.closed_at, -row.id.int))


def _ties(reports: Sequence[Read], closings: Sequence[Read]) -> Iterator[dict[str, Any]]:
    """Tie reports, the first first, to closings in the order of time; of two at once the lower id stands last."""
    at: dict[tuple[UUID, UUID], list[Read]] = defaultdict(list)
    for closing in closings:
        at[closing.building_id, closing.category_id].append(closing)
    taken: set[UUID] = set()
    for report in reports:
        held = at[report.building_id, report.category_id]
        before = bisect_left(held, report.reported_at, key=_CLOSED_AT)
        for closing in map(held.__getitem__, range(before - 1, -1, -1)):
            if report.reported_at - closing.closed_at > RECURS_WITHIN:  # and so are all before it
                break
            if closing.id not in taken:
                taken.add(closing.id)
                yield {
                    "ticket_id": report.id,
                    "community_id": report.community_id,
                    "of_id": closing.id,
                    "of_round": closing.round_no,
                    "closed_on": local_date(closing.closed_at),
                }
                break


def _closings(tx: Session, reports: Sequence[Read]) -> Sequence[Read]:
    """Read what was closed at these places in time, of each in the order of `_ties`, and came again for nobody yet."""
    tied = select(_AGAIN.ticket_id).where(_AGAIN.of_id == _T.id, _AGAIN.of_round == _T.round_no)
    columns = (_T.id, _T.round_no, _T.building_id, _T.category_id, _T.closed_at)
    held = (
        CLOSED_WORK,
        _T.category_id.in_({report.category_id for report in reports}),
        _T.closed_at >= reports[0].reported_at - RECURS_WITHIN,
        _T.closed_at < reports[-1].reported_at,
        ~tied.exists(),
    )
    query = select(*columns).where(*held).order_by(_T.closed_at, _T.id.desc())
    buildings = batches({report.building_id for report in reports})
    return list(chain.from_iterable(tx.execute(query.where(_T.building_id.in_(some))) for some in buildings))


_TIE = text(
    "INSERT INTO ticket_recurrence (ticket_id, community_id, of_id, of_round, closed_on)"
    " VALUES (:ticket_id, :community_id, :of_id, :of_round, :closed_on) ON CONFLICT DO NOTHING"
).bindparams(*(bindparam(column.name, type_=column.type) for column in _AGAIN))
