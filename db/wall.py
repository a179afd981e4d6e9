"""What the wall shows, read in one moment: figures of the dictionary, and numbers and places of open work."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from db import areas, stats
from db.models import AreaRow, CategoryRow, IncidentRow, TicketEventRow, TicketRow
from db.models.tickets import OPEN_WORK
from db.ticket_events import number_text
from db.writes import stamps
from domain import access
from domain.access import RIGHTS, Actor, communities_of, grants_for
from domain.areas import LEVEL_LABELS, Area, Level
from domain.clock import local, local_date
from domain.due import Matter
from domain.errors import NotAllowed
from domain.incidents import CAUSE_LABELS, ENDED_STATES, INCIDENT_LABELS, Cause, IncidentState
from domain.kpis import Figure
from domain.live import Topic
from domain.stats import Scope
from domain.steps import ACTION_LABELS
from domain.tickets import CLOCK_RUNS, KIND_LABELS, Action, Kind
from domain.wall import DAY_CODES, DAYS, LONGEST, MONTH_CODES, NOW_CODES, Alarm, Bar, Line, Tile, Wall, shares, tile

_T, _E = TicketRow, TicketEventRow
_TOLD = frozenset(Action) - {Action.EDIT, Action.COMMENT, Action.PHOTO, Action.IMPORT, Action.IMPORT_UNDO}
_DONE = frozenset({Action.RESOLVE, Action.CLOSE})
_LOOKED_THROUGH = 60  # newest events, of which those of this place are shown


def wall(session: Session, *, actor: Actor, area_id: UUID | None = None, now: datetime) -> Wall:
    """Read all of it; without an area, that of the first grant."""
    area = _area(session, actor, area_id)
    today = local_date(now)
    month = Scope(area.id, area.path, today.replace(day=1), today)
    call: dict[str, Any] = {"actor": actor, "now": now}
    held = stats.figures(session, scope=month, codes=(*MONTH_CODES, *NOW_CODES), **call)
    day = stats.figures(session, scope=Scope(area.id, area.path, today, today), codes=DAY_CODES, **call)
    return Wall(
        title=f"{area.name} · 一屏统管",
        below=LEVEL_LABELS.get(area.level_below or Level.GRID, ""),
        at=now,
        tiles=_tiles(held, day),
        days=_days(session, area, today, call),
        late=_late(session, actor, area, now),
        recent=_recent(session, actor, area, now),
        grids=_grids(session, month, call),
        categories=_categories(session, month, call),
        ages=_ages(session, month, call),
        checks=_checks(day, held),
        hours=_hours(session, month, call),
        alarms=_alarms(session, actor, area),
        stamp=stamp(session, actor),
    )


def stamp(session: Session, actor: Actor) -> int:
    """Sum what rises with every write of a ticket and of a check-in."""
    mine = communities_of(grants_for(actor, RIGHTS["wall.read"]))
    return stamps(session, mine, Topic.BOARD) + stamps(session, mine, Topic.CARE)


def _area(session: Session, actor: Actor, area_id: UUID | None) -> Area:
    grants = grants_for(actor, RIGHTS["wall.read"])
    if not grants:
        raise NotAllowed()
    area = areas.get(session, area_id or grants[0].area_id)
    access.check(actor, "wall.read", area.path)
    return area


def _within(actor: Actor, area: Area, community: Any, path: Any) -> ColumnElement[bool]:
    """Say "in this area" in SQL: the community leads, as the indexes do."""
    mine = communities_of(grants_for(actor, RIGHTS["wall.read"]))
    ids = mine if area.level is Level.STREET else mine & {area.community_id}
    return and_(community.in_(ids), path.startswith(area.path))


# --- figures ----------------------------------------------------------------------------------------------


def _tiles(held: dict[str, Figure], day: dict[str, Figure]) -> tuple[Tile, ...]:
    late, closed = held["overdue"], held["closed"]
    looked = day["round_coverage"]
    done = f"{looked.numerator}/{looked.denominator}" if looked.denominator else looked.text
    safe = f"户次 · 平安 {day['sign_ok'].numerator or 0}" if looked.denominator else ""
    return (
        tile(held["open"], name="在办工单（件）", note=f"本月{closed.kpi.name} {closed.text}"),
        tile(late, name="已超时（件）", tone="late" if late.numerator else ""),
        tile(held["on_time_rate"], name="本月按期办结率"),
        tile(held["satisfaction"], name="本月满意率"),
        Tile("round_coverage", "今日已查看", done, safe),
        tile(held["service_hours"], name="本月志愿小时"),
    )


def _days(session: Session, area: Area, today: date, call: dict[str, Any]) -> tuple[tuple[date, int, int], ...]:
    scope = Scope(area.id, area.path, today - timedelta(days=DAYS - 1), today)
    return tuple((row.day, row.reported, row.closed) for row in stats.by_day(session, scope=scope, **call))


def _grids(session: Session, scope: Scope, call: dict[str, Any]) -> tuple[Bar, ...]:
    found = stats.breakdown(session, scope=scope, dim="area", codes=("on_time_rate",), **call)
    rows = [(name, held["on_time_rate"]) for _, name, held in found]
    kept = [(name, one) for name, one in rows if one.value is not None]
    kept.sort(key=lambda row: (row[1].small, row[1].value))  # who needs a look first, who is too few to say last
    return tuple(
        Bar(name, one.value or 0, f"{one.text}　{one.n:,} 件", "small" if one.small else "")
        for name, one in kept[: LONGEST + 1]
    )


def _categories(session: Session, scope: Scope, call: dict[str, Any]) -> tuple[Bar, ...]:
    found = stats.breakdown(session, scope=scope, dim="category", codes=("reported",), **call)
    counts: Counter[str] = Counter()
    for _, name, held in found:  # by their first level, as /charts has them: read at five metres
        counts[name.partition(" / ")[0]] += held["reported"].numerator or 0
    return shares([(name, count, f"{count:,} 件", "") for name, count in counts.most_common(LONGEST) if count])


def _ages(session: Session, scope: Scope, call: dict[str, Any]) -> tuple[Bar, ...]:
    rows = stats.ages(session, scope=scope, **call)
    return shares([(band.label, band.count, f"{band.count:,} 件", "") for band in rows])


def _checks(day: dict[str, Figure], month: dict[str, Figure]) -> tuple[Bar, ...]:
    tones = {"round_coverage": "", "sign_ok": "ok", "sign_closed": "late", "not_looked": "soon"}
    today = [(one, tones[code], "户次") for code, one in day.items()]
    rows = (*today, (month["visit_rate"], "", "户"))
    if not any(one.denominator for one, *_ in rows):
        return ()
    return tuple(Bar(one.kpi.name, one.value or 0, _of(one, unit), tone) for one, tone, unit in rows)


def _of(one: Figure, unit: str) -> str:
    """Say how many of how many; before the day's first look there are none yet."""
    return f"{one.numerator:,}/{one.denominator:,} {unit}" if one.denominator else one.text


def _hours(session: Session, scope: Scope, call: dict[str, Any]) -> tuple[Bar, ...]:
    found = stats.breakdown(session, scope=scope, dim="area", codes=("service_hours",), **call)
    rows = sorted(((name, held["service_hours"]) for _, name, held in found), key=lambda row: -(row[1].value or 0))
    return shares([(name, one.value, f"{one.text} 小时", "") for name, one in rows[:LONGEST] if one.value])


# --- what is going on -------------------------------------------------------------------------------------


def _late(session: Session, actor: Actor, area: Area, now: datetime) -> tuple[Line, ...]:
    query = (
        _lines()
        .where(OPEN_WORK, _T.status.in_(sorted(CLOCK_RUNS)), _T.due_at < now)
        .where(_within(actor, area, _T.community_id, _T.area_path))
        .order_by(_T.due_at)
        .limit(LONGEST)
        .add_columns(_T.due_at)
    )
    return tuple(Line("超时", _words(row, area), _span(now - row.due_at), "late") for row in session.execute(query))


def _recent(session: Session, actor: Actor, area: Area, now: datetime) -> tuple[Line, ...]:
    mine = communities_of(grants_for(actor, RIGHTS["wall.read"]))
    newest = (
        select(_E.ticket_id, _E.action, _E.at)
        .where(_E.community_id.in_(mine), _E.at > now - timedelta(days=1), _E.action.in_(sorted(_TOLD)))
        .order_by(_E.at.desc())
        .limit(_LOOKED_THROUGH)
        .subquery()
    )
    query = (
        _lines()
        .join(newest, newest.c.ticket_id == _T.id)
        .where(_T.hidden_at.is_(None), _T.area_path.startswith(area.path))
        .order_by(newest.c.at.desc())
        .limit(LONGEST)
        .add_columns(newest.c.action, newest.c.at)
    )
    return tuple(
        Line(
            ACTION_LABELS[Action(row.action)],
            _words(row, area),
            f"{local(row.at):%H:%M}",
            "ok" if row.action in _DONE else "",
        )
        for row in session.execute(query)
    )


def _lines() -> Any:
    """Select what a line may say of a ticket: numbers and places, nothing that somebody wrote."""
    grid, community = AreaRow.__table__.alias("place"), AreaRow.__table__.alias("whose")
    named = CategoryRow.name.label("category"), grid.c.name.label("grid"), community.c.code.label("code")
    return (
        select(_T.number, _T.kind, _T.matter, _T.status, *named)
        .join(community, community.c.id == _T.community_id)
        .outerjoin(CategoryRow, CategoryRow.id == _T.category_id)
        .outerjoin(grid, grid.c.id == _T.grid_id)
    )


def _words(row: Any, area: Area) -> str:
    code = row.code if area.level is Level.STREET else ""
    category = "私事" if row.matter == Matter.PRIVATE else row.category or KIND_LABELS[Kind(row.kind)]
    return " ".join(filter(None, (number_text(row.number, code), category, row.grid)))


def _span(gap: timedelta) -> str:
    hours = int(gap.total_seconds() // 3600)
    return f"{hours} 小时" if 0 < hours < 24 else f"{gap.days} 天" if hours else "刚刚"


def _alarms(session: Session, actor: Actor, area: Area) -> tuple[Alarm, ...]:
    """List the incidents that nobody has ended, the gravest first; a place, and never whose it is."""
    where = _within(actor, area, IncidentRow.community_id, IncidentRow.area_path)
    query = (
        select(IncidentRow.number, IncidentRow.cause, IncidentRow.state, IncidentRow.opened_at, IncidentRow.area_path)
        .where(where, IncidentRow.state.not_in(sorted(ENDED_STATES)))
        .order_by(IncidentRow.severity, IncidentRow.opened_at)
    )
    rows = session.execute(query).all()
    names = _names(session, [row.area_path for row in rows])
    return tuple(
        Alarm(
            f"Y{row.number:04d}",
            names[row.area_path],
            CAUSE_LABELS[Cause(row.cause)],
            INCIDENT_LABELS[IncidentState(row.state)],
            row.opened_at,
        )
        for row in rows
    )


def _names(session: Session, paths: list[str]) -> dict[str, str]:
    """Name each place by its grid, or what it lies in: nearer would be somebody's door."""
    if not paths:
        return {}
    query = select(AreaRow.path, AreaRow.name).where(AreaRow.level.in_([Level.COMMUNITY, Level.GRID]))
    held = sorted(((path, name) for path, name in session.execute(query)), key=lambda row: len(row[0]))
    return {path: next((name for above, name in reversed(held) if path.startswith(above)), "") for path in paths}
