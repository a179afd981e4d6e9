"""The rows behind figures of 平安守望: looks that were owed, incidents, elders with the month's visit."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, or_, select
from sqlalchemy.orm import Session

from db.models import CheckWindowRow, ElderRow, IncidentRow
from db.stat_checkin_writes import INCIDENT, WINDOW
from db.stat_checkins import elders_of, kept
from db.stat_page import NOTHING, NUMERATOR, Page, StatRow, cut, names_of
from db.stat_sums import communities
from domain.areas import Level
from domain.care import SLOT_LABELS, WINDOW_LABELS, Sign, Slot, WindowState, code_text, sign_words
from domain.checkin_stats import IncidentFacts, WindowFacts, bookings
from domain.clock import at_local
from domain.incidents import CAUSE_LABELS, INCIDENT_LABELS, Cause, IncidentState, no_text
from domain.kpis import Basis, Kpi
from domain.stats import Scope

Read = Row[*tuple[Any, ...]]
_W, _I, _E = CheckWindowRow, IncidentRow, ElderRow
_READ = 500
# what a look of these comes to shows only after the looks that were fine are passed over
_SELDOM = frozenset({"missed", "closed"})


def rows(
    session: Session, scope: Scope, kpi: Kpi, part: str, after: UUID | None, limit: int, now: datetime, *, named: bool
) -> Page:
    """Give a page of them, the newest first; without `named` nothing of it leads to a person."""
    if not kept(scope):
        return NOTHING
    if kpi.code == "visit_rate":
        return _elders(session, scope, part, after, limit, now, named)
    wanted = frozenset(kpi.top if part == NUMERATOR else kpi.bottom or kpi.times)
    if kpi.basis is Basis.OPENED:
        return _incidents(session, scope, wanted, after, limit, named)
    return _windows(session, scope, wanted, after, limit, named)


def _within(session: Session, scope: Scope, row: Any) -> list[ColumnElement[bool]]:
    held = [row.community_id.in_(communities(session, scope))]
    if scope.level not in (Level.STREET, Level.COMMUNITY):
        held.append(row.area_path.startswith(scope.area_path))
    return held


def _counted(
    session: Session, query: Select[Any], row: Any, facts: Any, names: tuple[str, ...], wanted: frozenset[str]
) -> Iterator[Read]:
    """Give those that count for one of these measures, in as many reads as that takes."""
    after: UUID | None = None
    while True:
        page = query.order_by(row.id.desc()).limit(_READ)
        read = session.execute(page.where(row.id < after) if after else page).all()
        for one in read:
            told = facts(*(getattr(one, name) for name in names))
            if any(measure in wanted for _, measure in bookings(told)):
                yield one
        if len(read) < _READ:
            return
        after = read[-1].id


def _page(found: Iterator[Read], limit: int) -> list[Read]:
    return [one for one, _ in zip(found, range(limit + 1), strict=False)]


# --- looks ------------------------------------------------------------------------------------------------------


def _windows(
    session: Session, scope: Scope, wanted: frozenset[str], after: UUID | None, limit: int, named: bool
) -> Page:
    held = [*_within(session, scope, _W), _W.day.between(scope.start, scope.end)]
    held += [_W.id < after] if after else []
    if wanted <= _SELDOM:
        held.append(or_(_W.state != WindowState.SEEN_OK, _W.seen_at.is_(None), _W.seen_at > _W.grace_until))
    columns = [getattr(_W, name) for name in WINDOW]
    query = select(_W.id, _W.slot, _W.sign, _W.grid_id, _W.elder_id, _E.number, *columns)
    query = query.join(_E, _E.id == _W.elder_id).where(*held)
    found = _page(_counted(session, query, _W, WindowFacts, WINDOW, wanted), limit)
    grids = names_of(session, {row.grid_id for row in found})
    raised = select(_I.window_id, _I.id).where(_I.window_id.in_([row.id for row in found]))
    incidents = {window: one for window, one in session.execute(raised)}  # noqa: C416
    return cut([(row.id, _window(row, grids[row.grid_id], incidents.get(row.id), named)) for row in found], limit)


def _window(row: Read, grid: str, incident: UUID | None, named: bool) -> StatRow:
    state = WindowState(row.state)
    said = sign_words(Sign(row.sign), Slot(row.slot))[1] if state is WindowState.SEEN_CLOSED else WINDOW_LABELS[state]
    link = f"incident={incident}" if incident else f"elder={row.elder_id}"
    title = f"{SLOT_LABELS[Slot(row.slot)]}巡看：{said}"
    return _told(code_text(row.number), title, row.day, grid, link, named)


def _told(no: str, title: str, day: date, grid: str, link: str, named: bool) -> StatRow:
    return StatRow(no if named else "一户", title, day, grid, f"/checkins?{link}" if named else "")


# --- incidents --------------------------------------------------------------------------------------------------


def _incidents(
    session: Session, scope: Scope, wanted: frozenset[str], after: UUID | None, limit: int, named: bool
) -> Page:
    days = at_local(scope.start, time(0)), at_local(scope.end + timedelta(days=1), time(0))
    held = [*_within(session, scope, _I), _I.opened_at >= days[0], _I.opened_at < days[1]]
    held += [_I.id < after] if after else []
    query = select(_I.id, _I.number, _I.cause, _E.grid_id, *(getattr(_I, name) for name in INCIDENT))
    query = query.join(_E, _E.id == _I.elder_id).where(*held)
    found = _page(_counted(session, query, _I, IncidentFacts, INCIDENT, wanted), limit)
    grids = names_of(session, {row.grid_id for row in found})
    return cut([(row.id, _incident(row, grids[row.grid_id], named)) for row in found], limit)


def _incident(row: Read, grid: str, named: bool) -> StatRow:
    title = f"{CAUSE_LABELS[Cause(row.cause)]}：{INCIDENT_LABELS[IncidentState(row.state)]}"
    took = round((row.on_scene_at - row.opened_at).total_seconds() / 60) if row.on_scene_at else None
    if took is not None:
        title += f"，{took} 分钟到门"
    day = next(day for day, _ in bookings(IncidentFacts(*(getattr(row, name) for name in INCIDENT))))
    link = f"/checkins?incident={row.id}" if named else ""
    return StatRow(no_text(row.number), title, day, grid, link, took)


# --- visits -----------------------------------------------------------------------------------------------------


def _elders(
    session: Session, scope: Scope, part: str, after: UUID | None, limit: int, now: datetime, named: bool
) -> Page:
    there, visited = elders_of(session, scope, now)
    held = [*there, *([visited.is_not(None)] if part == NUMERATOR else []), *([_E.id < after] if after else [])]
    query = select(_E.id, _E.number, _E.grid_id, _E.joined_on, visited.label("visited_on")).where(*held)
    found = session.execute(query.order_by(_E.id.desc()).limit(limit + 1)).all()
    grids = names_of(session, {row.grid_id for row in found})
    return cut([(row.id, _elder(row, grids[row.grid_id], named)) for row in found], limit)


def _elder(row: Read, grid: str, named: bool) -> StatRow:
    said, day = ("本月已探访", row.visited_on) if row.visited_on else ("本月还没有探访", row.joined_on)
    return _told(code_text(row.number), said, day, grid, f"elder={row.id}", named)
