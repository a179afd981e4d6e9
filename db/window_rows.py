"""A window's row as the rules see it."""

from datetime import datetime

from db.models import CheckWindowRow
from domain.care import Sign, Slot, Tier, Window, WindowState
from domain.windows import Times, waiting


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
