"""Failed tries: counted before the answer is known, so that many at once don't slip through."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from db import crypto
from db.models import ThrottleRow
from domain.accounts import spoken, wait_after
from domain.errors import LoginRefused

FORGOTTEN_AFTER = timedelta(hours=24)


def key_of(*parts: str) -> str:
    """Make the key under which tries are counted: no account or address can be read from it."""
    return crypto.mac_hex("throttle\0" + "\0".join(parts))


def count_try(tx: Session, keys: Mapping[str, int], *, now: datetime) -> None:
    """Count one try under each key (→ free tries), or refuse while one of them has to wait."""
    locked = select(ThrottleRow).where(ThrottleRow.key.in_(keys)).order_by(ThrottleRow.key).with_for_update()
    rows = {row.key: row for row in tx.scalars(locked)}
    _refuse_waiting(list(rows.values()), now)
    for key in sorted(keys):
        row = rows.get(key)
        failures = row.failures + 1 if row and row.last_at > now - FORGOTTEN_AFTER else 1
        wait = wait_after(failures, free=keys[key])
        values = {"failures": failures, "last_at": now, "blocked_until": now + wait if wait else None}
        if row is None:
            tx.execute(insert(ThrottleRow).values(key=key, **values))
        else:
            tx.execute(update(ThrottleRow).where(ThrottleRow.key == key).values(**values))


def _refuse_waiting(rows: list[ThrottleRow], now: datetime) -> None:
    until = max((row.blocked_until for row in rows if row.blocked_until), default=now)
    if until > now:
        seconds = math.ceil((until - now).total_seconds())
        raise LoginRefused(f"尝试次数太多，请 {spoken(seconds)}后再试。", wait_seconds=seconds)


def forget(tx: Session, keys: list[str]) -> None:
    """Start again from nothing: whoever tried was the right one."""
    tx.execute(delete(ThrottleRow).where(ThrottleRow.key.in_(keys)))


def take_back(tx: Session, key: str) -> None:
    """Take one try back, leaving what others at the same address did."""
    mine = update(ThrottleRow).where(ThrottleRow.key == key, ThrottleRow.failures > 0)
    tx.execute(mine.values(failures=ThrottleRow.failures - 1, blocked_until=None))
