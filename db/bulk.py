"""Many rows at once, for whoever makes whole data sets: no rights, no events, the caller's rows as they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import rules
from db.models import Base, TicketRow, UserRow
from db.writes import audit
from domain.errors import Refused

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def fill(tx: Session, rows: Rows) -> int:
    """Insert rows by table name, each table after those it refers to; all rows of one have the same columns."""
    unknown = rows.keys() - Base.metadata.tables.keys()
    if unknown:
        raise KeyError(f"no such table: {', '.join(sorted(unknown))}")
    for table in Base.metadata.sorted_tables:
        if rows.get(table.name):
            tx.execute(table.insert(), rows[table.name])
    return sum(len(held) for held in rows.values())


def fill_demo(tx: Session, *, rows: Rows, mark: dict[str, Any], now: datetime) -> int:
    """Fill a database that nobody uses yet, and mark it: `rules.get_raw(session, "demo")` tells the screens."""
    if not is_unused(tx):
        raise Refused("这里已有账号或工单，演示数据只能写入空的数据库。")
    written = fill(tx, rows)
    rules.put(tx, "demo", mark)
    audit(tx, "demo.generate", actor_id=None, detail=f"size={mark['size']} seed={mark['seed']}", now=now)
    return written


def is_unused(session: Session) -> bool:
    """Tell whether nobody has an account and nothing was ever reported here."""
    people = session.execute(select(func.count()).select_from(UserRow)).scalar_one()
    tickets = session.execute(select(func.count()).select_from(TicketRow)).scalar_one()
    return not people and not tickets
