"""Roll-ups written along with what they count: once a transaction, just before it ends.

A command says beforehand which tickets it is about to change. At the commit their facts are read again, and the
cells move by the difference, in the order of their key: after every row and counter, so that two commands of one
street wait for each other in one order only.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import repeat
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Table, event
from sqlalchemy.orm import Session, SessionTransaction

from db import stat_facts
from db.models import TICKET_STAT
from domain.stats import Cells, Facts, add, without_zeros

_TOUCHED, _WRITTEN = "stats.tickets", "stats.written"
_UNSAID: dict[str, Any] = dict.fromkeys((*stat_facts.NAMES, "recurs_on")) | {"round_no": 1}


def touch(tx: Session, ids: Collection[UUID]) -> None:
    """Remember these tickets as they are, before the first change of this transaction."""
    held, written = _touched(tx), _written(tx)
    for one in ids:
        written.pop(one, None)  # what it was written as no longer holds
    fresh = [one for one in ids if one not in held]
    held |= dict.fromkeys(fresh) | stat_facts.facts_of(tx, fresh)


def touch_new(tx: Session, ids: Collection[UUID]) -> None:
    """Remember that these tickets are new: they counted for nothing before."""
    _touched(tx).update(dict.fromkeys(ids))


def written(tx: Session, row: Mapping[str, Any]) -> None:
    """Remember that this ticket is new, and what was just written: it need not be read unless it is touched again."""
    touch_new(tx, [row["id"]])
    as_read: Any = SimpleNamespace(**{**_UNSAID, **row})
    _written(tx).update(stat_facts.read(tx, [as_read]))


def _touched(tx: Session) -> dict[UUID, Facts | None]:
    held: dict[UUID, Facts | None] = tx.info.setdefault(_TOUCHED, {})
    return held


def _written(tx: Session) -> dict[UUID, Facts]:
    held: dict[UUID, Facts] = tx.info.setdefault(_WRITTEN, {})
    return held


@event.listens_for(Session, "before_commit")
def _flush(tx: Session) -> None:
    held: dict[UUID, Facts | None] | None = tx.info.pop(_TOUCHED, None)
    after: dict[UUID, Facts] = tx.info.pop(_WRITTEN, {})
    if not held:
        return
    tx.flush()
    if unread := held.keys() - after.keys():
        after |= stat_facts.facts_of(tx, unread)
    elsewhere = [one for one, facts in after.items() if _place(held[one]) != _place(facts)]
    if elsewhere and stat_facts.find_recurrences(tx, elsewhere):
        after |= stat_facts.facts_of(tx, elsewhere)
    cells: Cells = {}
    for one, before in held.items():
        if before != after.get(one):
            if before:
                add(cells, before, -1)
            if facts := after.get(one):
                add(cells, facts)
    write(tx, TICKET_STAT, without_zeros(cells))


@event.listens_for(Session, "after_soft_rollback")
def _forget(tx: Session, ended: SessionTransaction) -> None:
    tx.info.pop(_WRITTEN, None)  # it may have been written inside what was taken back
    # back to a savepoint all else still stands; a flush that fails inside of it ends as a part, not as nested
    if ended.parent is None:
        tx.info.pop(_TOUCHED, None)


def _place(facts: Facts | None) -> tuple[Any, ...] | None:
    """Name what makes a report the same as one before it; None if it can be none."""
    if facts is None or facts.hidden or not (facts.has_building and facts.category_id):
        return None
    return facts.area_path, facts.category_id, facts.reported_at


def write(tx: Session, table: Table, cells: Mapping[tuple[Any, ...], Mapping[str, int]]) -> None:
    """Add to the cells, in the order of their key."""
    if not cells:
        return
    names = tuple(sorted({name for cell in cells.values() for name in cell}))
    rows = [(*map(str, key), *map(cells[key].get, names, repeat(0))) for key in sorted(cells)]
    connection = tx.connection()
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    # past SQLAlchemy, whose care of each of so many values takes three times as long as the database
    connection.exec_driver_sql(_adding(table, names, mark), rows)


@lru_cache(maxsize=500)
def _adding(table: Table, names: tuple[str, ...], mark: str) -> str:
    keys = [column.name for column in table.primary_key]
    columns = [*keys, *names]
    sums = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in names)
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join(mark for _ in columns)})"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums}"
    )
