"""Roll-ups of looks and incidents, written in the transaction that changes them; see `stat_writes`.

A window that is changed as an object is seen when it is flushed. Whoever changes windows or incidents by a
statement of their own touches them first.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, event, inspect, select
from sqlalchemy.orm import Session, SessionTransaction

from db.models import CHECKIN_STAT, CheckWindowRow, IncidentRow
from db.stat_writes import write
from domain.checkin_stats import Cells, IncidentFacts, WindowFacts, add, without_zeros

_TOUCHED = "stats.checkins"
WINDOW = ("area_path", "day", "state", "seen_at", "grace_until")
INCIDENT = ("area_path", "state", "step", "opened_at", "on_scene_at")
_W, _I = CheckWindowRow.__table__.c, IncidentRow.__table__.c
Known = dict[tuple[str, UUID], WindowFacts | IncidentFacts | None]


def touch_windows(tx: Session, ids: Collection[UUID], *, new: bool = False) -> None:
    """Remember these windows as they are, before a statement changes, makes or drops them."""
    held = _touched(tx)
    fresh = [one for one in ids if ("window", one) not in held]
    held |= {("window", one): None for one in fresh}
    if fresh and not new:
        held |= {("window", one): facts for one, facts in windows_of(tx, fresh).items()}


def touch_incident(tx: Session, row: IncidentRow | UUID) -> None:
    """Remember an incident as it is; one that is being made by its id."""
    held = _touched(tx)
    if isinstance(row, UUID):
        held.setdefault(("incident", row), None)
    elif ("incident", row.id) not in held:
        held["incident", row.id] = IncidentFacts(*(getattr(row, name) for name in INCIDENT))


def _touched(tx: Session) -> Known:
    held: Known = tx.info.setdefault(_TOUCHED, {})
    return held


# made once each: this is asked before every commit that touches a look
_WINDOWS = select(_W.id, *(_W[name] for name in WINDOW)).where(_W.id.in_(bindparam("ids", expanding=True)))
_INCIDENTS = select(_I.id, *(_I[name] for name in INCIDENT)).where(_I.id.in_(bindparam("ids", expanding=True)))


def windows_of(session: Session, ids: Collection[UUID]) -> dict[UUID, WindowFacts]:
    rows = session.execute(_WINDOWS, {"ids": [*ids]})
    return {one: WindowFacts(*told) for one, *told in rows}


def incidents_of(session: Session, ids: Collection[UUID]) -> dict[UUID, IncidentFacts]:
    rows = session.execute(_INCIDENTS, {"ids": [*ids]})
    return {one: IncidentFacts(*told) for one, *told in rows}


@event.listens_for(Session, "before_flush")
def _see(tx: Session, _context: Any, _instances: Any) -> None:
    for row in [*tx.dirty, *tx.deleted, *tx.new]:
        if isinstance(row, CheckWindowRow) and ("window", row.id) not in _touched(tx):
            _touched(tx)["window", row.id] = None if row in tx.new else _as_read(row)


def _as_read(row: CheckWindowRow) -> WindowFacts:
    """Give a window as it was read, before it was changed."""
    state = inspect(row)
    before = ((state.attrs[name].history.deleted or (getattr(row, name),))[0] for name in WINDOW)
    return WindowFacts(*before)


@event.listens_for(Session, "before_commit")
def _flush(tx: Session) -> None:
    tx.flush()
    held: Known | None = tx.info.pop(_TOUCHED, None)
    if not held:
        return
    windows = [one for name, one in held if name == "window"]
    incidents = [one for name, one in held if name == "incident"]
    after: Known = {}
    if windows:
        after |= {("window", one): facts for one, facts in windows_of(tx, windows).items()}
    if incidents:
        after |= {("incident", one): facts for one, facts in incidents_of(tx, incidents).items()}
    cells: Cells = {}
    for key, before in held.items():
        if before != after.get(key):
            for facts, sign in ((before, -1), (after.get(key), 1)):
                if facts:
                    add(cells, facts, sign)
    write(tx, CHECKIN_STAT, without_zeros(cells))


@event.listens_for(Session, "after_soft_rollback")
def _forget(tx: Session, ended: SessionTransaction) -> None:
    if ended.parent is None:  # back to a savepoint all else still stands
        tx.info.pop(_TOUCHED, None)
