"""Roll-ups from the rows alone: all written anew, or compared, a community at a time, with what is there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, insert, select, text
from sqlalchemy.orm import Session

from db import rules, stat_facts, stat_writes
from db.models import (
    CHECKIN_STAT,
    TICKET_STAT,
    AreaRow,
    CheckWindowRow,
    IncidentRow,
    TicketEventRow,
    TicketRoundRow,
    TicketRow,
)
from db.stat_checkin_writes import INCIDENT, WINDOW
from db.stat_rounds import rounds
from db.stat_writes import write
from domain import checkin_stats
from domain.areas import Level
from domain.checkin_stats import IncidentFacts, WindowFacts
from domain.stat_total import total
from domain.stats import Cells, Facts, key_of

VERSION = 1  # raised when what is kept changes: the next start writes the roll-ups anew
CHUNK = 50_000  # tickets summed up at a time: 50 MB in the order of time, 300 MB if the years lie mixed
_DONE = "stats"
_T, _E = TicketRow.__table__.c, TicketEventRow.__table__.c
AnyCells = dict[Any, dict[str, int]]
Progress = Callable[[int, int], None]


def owed(session: Session) -> int | None:
    """Give the number of tickets to be counted if this database has no roll-ups of this version yet; else none."""
    return None if _is_done(session) else _number(session)


def _is_done(session: Session) -> bool:
    return bool(rules.get_raw(session, _DONE) == VERSION)


def ensure(tx: Session) -> None:
    """Write the roll-ups if this database has none of this version yet; to be called first in a transaction.

    SERIALIZABLE sees no more than was there at the first query: it has to wait for the lock before that.
    """
    _lock(tx)
    if not _is_done(tx):  # by who held the lock
        rebuild_all(tx)


def _lock(tx: Session) -> None:
    """Make writers wait with what they add, and take the time that it takes."""
    if tx.connection().dialect.name == "postgresql":
        tx.execute(text("SET LOCAL statement_timeout = 0"))  # one pass over millions of tickets is one statement
        tx.execute(text("LOCK TABLE ticket_stat, checkin_stat IN EXCLUSIVE MODE"))


def rebuild_all(tx: Session, *, progress: Progress | None = None) -> int:
    """Write all anew, with the facts below them if this version never did; gives the number of cells."""
    with _large_cache(tx):
        cells = rebuild(tx, facts=not _is_done(tx), progress=progress)
        rules.put(tx, _DONE, VERSION)
    return cells


@contextmanager
def _large_cache(tx: Session) -> Iterator[None]:
    """On SQLite: with its usual 2 MB millions of rows in no order fetch each leaf again and again."""
    if tx.connection().dialect.name != "sqlite":
        yield
        return
    driver: Any = tx.connection().connection.driver_connection
    driver.execute("PRAGMA cache_size=-200000")
    try:
        yield
    finally:
        driver.execute("PRAGMA cache_size=-2000")


def rebuild(tx: Session, *, facts: bool = False, progress: Progress | None = None) -> int:
    """Write all roll-ups anew; with `facts` also find earlier rounds and what came again. Gives the number of cells."""
    _lock(tx)
    communities = _communities(tx)
    if facts:
        _find_rounds(tx)
        stat_facts.find_all_recurrences(tx)
    for table in TABLES:
        tx.execute(delete(table))
    for cells in _of_all_tickets(tx, progress):
        write(tx, TICKET_STAT, cells)
    for _, held in _parts(tx, communities, _checkins):
        write(tx, CHECKIN_STAT, held)
    return sum(tx.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES)


def count_in(tx: Session, tickets: Sequence[UUID]) -> None:
    """Count these as new beside what is counted already, and all looks and incidents: the end of a filling."""
    for some in stat_facts.batches(tickets):
        _find_rounds(tx, _T.id.in_(some))
    stat_writes.touch_new(tx, tickets)
    for _, held in _parts(tx, _communities(tx), _checkins):
        write(tx, CHECKIN_STAT, held)


def _of_all_tickets(tx: Session, progress: Progress | None) -> Iterator[Cells]:
    of_all = _number(tx) if progress else 0
    for number, cells in enumerate(_summed(stat_facts.every(tx)), start=1):
        yield cells
        if progress:
            progress(min(number * CHUNK, of_all), of_all)


def _number(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(TicketRow)) or 0


def _summed(facts: Iterator[Facts]) -> Iterator[Cells]:
    """Sum up so many tickets at a time; the nearer they lie to the order of time, the fewer cells are met again."""
    for first in facts:
        yield total(chain([first], islice(facts, CHUNK - 1)))


def problems(session: Session) -> Iterator[str]:
    """Name the first wrong cell of each community and street."""
    names = {key_of(row.id): row.name for row in session.execute(select(AreaRow.id, AreaRow.name))}
    for table, expected in TABLES.items():
        seen: set[str] = set()
        for areas, held in _parts(session, _communities(session), expected):
            seen |= areas
            yield from _first_wrong(table, held, _stored(session, table, areas), names)
        others = session.scalars(select(table.c.area).where(table.c.area.not_in(seen)).distinct().limit(1))
        for area in others:
            yield f"{_TITLES[table.name]}里有不存在的辖区 {area}，请用 rebuild-stats 重算"


_TITLES = {"ticket_stat": "工单统计", "checkin_stat": "守望统计"}


def _first_wrong(table: Table, held: AnyCells, stored: AnyCells, names: Mapping[str, str]) -> Iterator[str]:
    for key in sorted({*held, *stored}):
        wanted, found = held.get(key, {}), stored.get(key, {})
        if wanted != found:
            name = next(name for name in sorted({*wanted, *found}) if wanted.get(name, 0) != found.get(name, 0))
            area, *where = key
            place = " ".join(str(part) for part in where if part)
            told = f"{_TITLES[table.name]} {names.get(area, area)} {place} 的 {name}"
            yield f"{told} 记为 {found.get(name, 0)}，应为 {wanted.get(name, 0)}，请用 rebuild-stats 重算"
            return


def _stored(session: Session, table: Table, areas: Iterable[str]) -> AnyCells:
    keys = len(table.primary_key.columns)
    names = [column.name for column in table.columns][keys:]
    found: AnyCells = {}
    for area in sorted(areas):
        for row in session.execute(select(table).where(table.c.area == area)):
            cell = {name: n for name, n in zip(names, row[keys:], strict=True) if n}
            if cell:
                found[tuple(row[:keys])] = cell
    return found


def _communities(session: Session) -> list[UUID]:
    return list(session.scalars(select(AreaRow.id).where(AreaRow.level == Level.COMMUNITY).order_by(AreaRow.id)))


Expected = Callable[[Session, UUID], AnyCells]


def _parts(session: Session, communities: Iterable[UUID], expected: Expected) -> Iterator[tuple[set[str], AnyCells]]:
    """Give the areas and cells of each community, then those of the streets."""
    streets: AnyCells = {}
    above = {key_of(one) for one in session.scalars(select(AreaRow.id).where(AreaRow.level == Level.STREET))}
    for community in communities:
        held = expected(session, community)
        _add(streets, {key: held.pop(key) for key in [*held] if key[0] in above})
        inside = select(AreaRow.id).where(AreaRow.community_id == community)
        yield {key_of(one) for one in session.scalars(inside)} | {key_of(community)}, held
    yield above, streets


def _tickets(session: Session, community: UUID) -> Cells:
    found: Cells = {}
    for cells in _summed(stat_facts.every(session, _T.community_id == community)):
        _add(found, cells)
    return found


def _add(found: AnyCells, cells: AnyCells) -> None:
    for key, counts in cells.items():
        cell = found.setdefault(key, {})
        for name, count in counts.items():
            cell[name] = cell.get(name, 0) + count


def _checkins(session: Session, community: UUID) -> checkin_stats.Cells:
    cells: checkin_stats.Cells = {}
    window, incident = CheckWindowRow.__table__.c, IncidentRow.__table__.c
    for row in session.execute(select(*(window[n] for n in WINDOW)).where(window.community_id == community)):
        checkin_stats.add(cells, WindowFacts(*row))
    for row in session.execute(select(*(incident[n] for n in INCIDENT)).where(incident.community_id == community)):
        checkin_stats.add(cells, IncidentFacts(*row))
    return checkin_stats.without_zeros(cells)


TABLES: dict[Table, Expected] = {TICKET_STAT: _tickets, CHECKIN_STAT: _checkins}


def _find_rounds(tx: Session, *held: ColumnElement[bool]) -> None:
    """Read off the events how the earlier rounds of tickets ended, where that was not kept."""
    kept = select(TicketRoundRow.ticket_id).where(TicketRoundRow.ticket_id == _T.id)
    # in the order of the file: in that of their random ids ten million tickets are read from all over the disk
    found = list(tx.scalars(select(_T.id).where(_T.round_no > 1, ~kept.exists(), *held)))
    columns = (_E.ticket_id, _E.community_id, _E.round_no, _E.at, _E.changes)
    for ids in stat_facts.batches(found):
        events = tx.execute(select(*columns).where(_E.ticket_id.in_(ids)).order_by(_E.ticket_id, _E.seq))
        rows = [row for _, told in groupby(events, lambda event: event.ticket_id) for row in rounds(told)]
        tx.execute(insert(TicketRoundRow), rows)
