"""Many rows at once, for whoever makes whole data sets: no rights, no events, the caller's rows as they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import loading, rules, stat_rebuild
from db.models import Base, TicketRow, UserRow
from db.writes import audit
from domain.errors import Refused

MANY = 500  # rows from which the care taken of each value costs a first start half a second
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def fill(tx: Session, rows: Rows) -> int:
    """Insert rows by table name, each table after those it refers to; all rows of one have the same columns."""
    unknown = rows.keys() - Base.metadata.tables.keys()
    if unknown:
        raise KeyError(f"no such table: {', '.join(sorted(unknown))}")
    for table in Base.metadata.sorted_tables:
        held = rows.get(table.name)
        if held and len(held) >= MANY and len(held[0]) == len(table.columns) and loading.is_plain(table.name, held):
            loading.insert(tx, table.name, held)
        elif held:
            tx.execute(table.insert(), held)
    return sum(len(held) for held in rows.values())


def fill_demo(tx: Session, *, rows: Rows, mark: dict[str, Any], now: datetime) -> int:
    """Fill a database that nobody uses yet, and mark it: `rules.get_raw(session, "demo")` tells the screens."""
    check_unused(tx)
    written = fill(tx, rows)
    stat_rebuild.rebuild(tx, facts=True)
    mark_demo(tx, mark=mark, now=now)
    return written


def check_unused(session: Session) -> None:
    if not is_unused(session):
        raise Refused("这里已有账号或工单，演示数据只能写入空的数据库。")


def mark_demo(tx: Session, *, mark: dict[str, Any], now: datetime) -> None:
    """Say last of all that this is made up: what is not marked was not finished."""
    rules.put(tx, "demo", mark)
    audit(tx, "demo.generate", actor_id=None, detail=f"size={mark['size']} seed={mark['seed']}", now=now)


def newest(session: Session, *, count: int) -> list[dict[str, list[dict[str, Any]]]]:
    """Read the rows of the newest tickets as they stand, one event each: what `report` wrote."""
    ids = session.scalars(select(TicketRow.id).order_by(TicketRow.id.desc()).limit(count)).all()
    return [{name: _rows(session, name, column, one) for name, column in _OF_A_TICKET.items()} for one in ids]


_OF_A_TICKET = {"ticket": "id", "ticket_text": "ticket_id", "ticket_event": "ticket_id", "command_key": "result_id"}


def _rows(session: Session, name: str, column: str, ticket_id: UUID) -> list[dict[str, Any]]:
    table = Base.metadata.tables[name]
    return [dict(row._mapping) for row in session.execute(select(table).where(table.c[column] == ticket_id))]


def is_unused(session: Session) -> bool:
    """Tell whether nobody has an account and nothing was ever reported here."""
    return not any(session.execute(select(row.id).limit(1)).first() for row in (UserRow, TicketRow))
