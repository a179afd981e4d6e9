"""A window's row as rules see it, and what the end of its incident makes of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.models import CheckWindowRow
from domain.care import ALARMED, Sign, Slot, Tier, Window, WindowState
from domain.incidents import Cause
from domain.windows import Times, waiting

_WINDOW = CheckWindowRow


def window_of(row: CheckWindowRow) -> Window:
    return Window(
        row.id,
        row.community_id,
        row.elder_id,
        row.day,
        Slot(row.slot),
        WindowState(row.state),
        Sign(row.sign),
        Tier(row.tier),
        row.opens_at,
        row.due_at,
        row.grace_until,
        row.looker_id,
        row.backup_id,
        row.version,
    )


def times_of(row: CheckWindowRow) -> Times:
    return Times(row.opens_at, row.due_at, row.grace_until)


def waiting_again(row: CheckWindowRow, now: datetime) -> None:
    """Put an excused window back to where the clock says it stands."""
    after = waiting(times_of(row), now)
    row.state, row.next_at, row.version = after.state.value, after.at, row.version + 1


def ended(tx: Session, *, window_id: UUID | None, safe: bool) -> None:
    """Close the window of an incident that has ended; what was settled otherwise stays."""
    after = WindowState.CLEARED_LATE if safe else WindowState.CONFIRMED_EVENT
    alarmed = [state.value for state in ALARMED]
    _set(tx, window_id, after, alarmed)


def reopened(tx: Session, *, window_id: UUID | None, cause: Cause) -> None:
    """Put a closed window back to alarm with its incident."""
    after = WindowState.SEEN_CLOSED if cause is Cause.CLOSED else WindowState.ALARM
    _set(tx, window_id, after, [WindowState.CLEARED_LATE.value, WindowState.CONFIRMED_EVENT.value])


def _set(tx: Session, window_id: UUID | None, state: WindowState, before: list[str]) -> None:
    mine = (_WINDOW.id == window_id, _WINDOW.state.in_(before))
    values = {"state": state.value, "next_at": None, "version": _WINDOW.version + 1}
    tx.execute(update(_WINDOW).where(*mine).values(**values))
