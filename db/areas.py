"""Areas and categories: what there is, and the administrator's changes to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, insert, or_, select
from sqlalchemy.orm import Session

from db.area_rows import area_of as _area
from db.area_rows import order_of as _order
from db.models import AreaRow, GrantRow, UserRow
from db.writes import audit, bump_all, first_result, remember, update_version
from domain import access
from domain.access import Actor, Grant, Role, communities_of
from domain.areas import (
    MOST_LINES,
    UNSORTED_AREAS,
    UNSORTED_COMMUNITY,
    UNSORTED_STREET,
    Area,
    Batch,
    Level,
    check_code,
    check_households,
    check_name,
    check_parent,
    path_of,
    read_line,
)
from domain.errors import Invalid, NotFound
from domain.ids import new_id


def get(session: Session, area_id: UUID) -> Area:
    row = session.get(AreaRow, area_id)
    if row is None:
        raise NotFound("没有找到这个辖区，可能已关闭。")
    return _area(row)


def tree(session: Session, *, with_closed: bool = False, down_to: Level = Level.UNIT) -> list[Area]:
    """List all areas, each after its parent; siblings by their order and name, the unsorted ones last.

    A street has thousands of buildings and units: who needs none of them says so with `down_to`.
    """
    levels = list(Level)[: list(Level).index(down_to) + 1]
    query = select(AreaRow).where(AreaRow.level.in_(levels)) if down_to is not Level.UNIT else select(AreaRow)
    rows = [r for r in session.scalars(query) if with_closed or r.valid_to is None]
    rows.sort(key=_order)
    children: dict[UUID | None, list[AreaRow]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    listed: list[Area] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        row = waiting.pop()
        listed.append(_area(row))
        waiting.extend(reversed(children.get(row.id, [])))
    return listed


def visible(session: Session, actor: Actor, *, down_to: Level = Level.UNIT) -> list[Area]:
    """List the areas that the actor's grants cover, and what they lie in down from the community."""
    paths = [g.area_path for g in actor.grants]
    return [
        area
        for area in tree(session, down_to=down_to)
        if area.level is not Level.STREET and any(area.path.startswith(p) or p.startswith(area.path) for p in paths)
    ]


def communities(session: Session, actor: Actor | None = None) -> list[Area]:
    """List the open communities, the unsorted one last; only the actor's own if one is given."""
    query = select(AreaRow).where(AreaRow.level == Level.COMMUNITY, AreaRow.valid_to.is_(None))
    if actor is not None:
        query = query.where(AreaRow.id.in_(community_ids(actor)))
    rows = session.scalars(query.order_by(AreaRow.sort, AreaRow.name)).all()
    return sorted((_area(r) for r in rows), key=lambda a: a.id == UNSORTED_COMMUNITY)


def community_ids(actor: Actor) -> frozenset[UUID]:
    return communities_of(actor.grants)


def grant_of(session: Session, role: Role, area: AreaRow | Row[*tuple[Any, ...]]) -> Grant:
    """Work out which communities a grant on this area reaches."""
    if area.level == Level.STREET:
        ids = session.scalars(
            select(AreaRow.id).where(AreaRow.level == Level.COMMUNITY, AreaRow.path.startswith(area.path))
        )
        reached = frozenset(ids)
    else:
        reached = frozenset({area.community_id} if area.community_id else ())
    return Grant(role, area.id, area.path, Level(area.level), reached)


_AREA: Table = AreaRow.__table__  # type: ignore[assignment]
_ABOVE, _TOP = _AREA.alias(), _AREA.alias()
_KEPT = (_AREA.c.path, _AREA.c.valid_to, _AREA.c.community_id)
_LEVELS = (_AREA.c.level, _AREA.c.id, _ABOVE.c.level, _ABOVE.c.id, _TOP.c.level, _TOP.c.id)
# one statement, written once: from a unit the building is one above, and the grid two
_PLACE = (
    select(*_KEPT, *_LEVELS)
    .select_from(_AREA.outerjoin(_ABOVE, _ABOVE.c.id == _AREA.c.parent_id))
    .outerjoin(_TOP, _TOP.c.id == _ABOVE.c.parent_id)
    .where(_AREA.c.id == bindparam("area"))
)


def place_columns(session: Session, area_id: UUID) -> dict[str, UUID | str | None]:
    """Give the columns that keep a ticket's place as of now: community, grid, building, path."""
    found = session.execute(_PLACE, {"area": area_id}).first()
    if found is None:
        raise NotFound("没有找到这个辖区，可能已关闭。")
    path, valid_to, community, *levels = found
    if levels[0] == Level.STREET or valid_to is not None:
        raise Invalid("请选择一个社区、网格或楼栋。", field="area_id")
    above = dict(zip(levels[::2], levels[1::2], strict=True))
    return {
        "area_id": area_id,
        "area_path": path,
        "community_id": community,
        "grid_id": above.get(Level.GRID),
        "building_id": above.get(Level.BUILDING),
    }


def insert_area(
    tx: Session,
    *,
    level: Level,
    name: str,
    parent_id: UUID | None,
    code: str = "",
    households: int | None = None,
    sort: int = 0,
    area_id: UUID | None = None,
) -> Area:
    """Write the row; rights are the caller's business."""
    parent = get(tx, parent_id) if parent_id else None
    check_parent(level, parent)
    if parent and parent.valid_to is not None:
        raise Invalid(f"“{parent.name}”已关闭，请选别的上级。", field="parent_id")
    if not name.strip():
        raise Invalid("请填写辖区名称。", field="name")
    new = area_id or new_id()
    community = new if level is Level.COMMUNITY else parent.community_id if parent else None
    row = AreaRow(
        id=new,
        parent_id=parent_id,
        community_id=community,
        level=level.value,
        name=name.strip(),
        code=code,
        path=path_of(parent.path if parent else "", new),
        households=households,
        sort=sort,
        version=1,
    )
    tx.add(row)
    tx.flush()
    return _area(row)


def create(
    tx: Session,
    *,
    actor: Actor,
    level: Level,
    name: str,
    parent_id: UUID | None,
    key: str,
    now: datetime,
    code: str = "",
    households: int | None = None,
) -> Area:
    access.check(actor, "settings")
    request = {"do": "area", "name": name, "parent": parent_id, "level": level, "code": code, "households": households}
    if done := first_result(tx, key, request):
        return get(tx, done)
    name, code, households = check_name(name), check_code(code), check_households(households)
    if parent_id and get(tx, parent_id).valid_to is not None:
        raise Invalid("上级辖区已关闭，请另选一个。", field="parent_id")
    _check_unused(tx, parent_id, name, code)
    area = insert_area(tx, level=level, name=name, parent_id=parent_id, code=code, households=households)
    audit(tx, "area.create", actor_id=actor.user_id, subject_id=area.id, now=now)
    if level is Level.STREET:
        _grant_to_admins(tx, actor, area.id, now)
    remember(tx, key, request, area.id, now=now)
    return area


def _grant_to_admins(tx: Session, actor: Actor, street_id: UUID, now: datetime) -> None:
    """Put a new street under whoever administrates the installation: its maker, and those of the unsorted one."""
    holders = (
        select(GrantRow.user_id)
        .join(UserRow, UserRow.id == GrantRow.user_id)
        .where(GrantRow.role == Role.ADMIN, GrantRow.area_id == UNSORTED_STREET, UserRow.active)
        .where(or_(GrantRow.valid_to.is_(None), GrantRow.valid_to > now))
    )
    for user_id in sorted({actor.user_id, *tx.scalars(holders)}, key=str):
        given = {"user_id": user_id, "role": Role.ADMIN.value, "area_id": street_id, "granted_by": actor.user_id}
        tx.execute(insert(GrantRow).values(id=new_id(), valid_from=now, **given))
        what = f"{Role.ADMIN.value}@{street_id.hex}"
        audit(tx, "grant", actor_id=actor.user_id, subject_id=user_id, detail=what, now=now)


def _check_unused(tx: Session, parent_id: UUID | None, name: str, code: str, *, but: UUID | None = None) -> None:
    """Refuse a name that a sibling has, and a code that any open area has: imports look areas up by it."""
    others = select(AreaRow.name).where(AreaRow.valid_to.is_(None), AreaRow.id != (but or UUID(int=0)))
    if tx.scalars(others.where(AreaRow.parent_id == parent_id, AreaRow.name == name)).first():
        raise Invalid(f"这里已有“{name}”，请换个名称。", field="name")
    if code and (holder := tx.scalars(others.where(AreaRow.code == code)).first()):
        raise Invalid(f"编码“{code}”已由“{holder}”使用，请换一个。", field="code")


def create_many(tx: Session, *, actor: Actor, parent_id: UUID, text: str, key: str, now: datetime) -> Batch:
    """Make one area a line below the parent, with units if it says so: each bad line is named."""
    level = get(tx, parent_id).level_below
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if level is None or not lines:
        raise Invalid("请每行填写一个名称。", field="text")
    if len(lines) > MOST_LINES:
        raise Invalid(f"一次最多添加 {MOST_LINES} 行，请分几次提交。", field="text")
    refused: list[tuple[int, str, str]] = []
    units = 0
    for number, line in lines:
        try:
            # refused before anything is written, so the transaction goes on
            units += _create_line(tx, actor, level, line, parent_id, f"{key}.{number}", now)
        except Invalid as bad:
            refused.append((number, line, bad.message))
    return Batch(len(lines) - len(refused), tuple(refused), units)


def _create_line(tx: Session, actor: Actor, level: Level, text: str, parent_id: UUID, key: str, now: datetime) -> int:
    """Make what one line says, and tell how many units came with it."""
    line = read_line(level, text)
    place: dict[str, Any] = {"level": level, "name": line.name, "parent_id": parent_id, "households": line.households}
    made = create(tx, actor=actor, key=key, now=now, **place)
    for n in range(1, line.units + 1):
        unit: dict[str, Any] = {"level": Level.UNIT, "name": f"{n}单元", "parent_id": made.id}
        create(tx, actor=actor, key=f"{key}.{n}", now=now, **unit)
    return line.units


def change(
    tx: Session,
    *,
    actor: Actor,
    area_id: UUID,
    name: str,
    code: str,
    households: int | None,
    expected_version: int,
    now: datetime,
) -> Area:
    access.check(actor, "settings")
    area = get(tx, area_id)
    values = {"name": check_name(name), "code": check_code(code), "households": check_households(households)}
    _check_unused(tx, area.parent_id, str(values["name"]), str(values["code"]), but=area_id)
    update_version(tx, AreaRow, area_id, expected_version, values)
    bump_all(tx)
    audit(tx, "area.change", actor_id=actor.user_id, subject_id=area_id, now=now)
    return get(tx, area_id)


def close(tx: Session, *, actor: Actor, area_id: UUID, expected_version: int, now: datetime) -> None:
    """Close an area from now on; it stays readable, and nothing below it may still be open."""
    access.check(actor, "settings")
    below = select(AreaRow.id).where(AreaRow.parent_id == area_id, AreaRow.valid_to.is_(None))
    if tx.scalars(below).first():
        raise Invalid("下面还有没关闭的辖区，请先关闭它们。")
    if area_id == UNSORTED_COMMUNITY:
        raise Invalid("“未分区”用来接收还没分到社区的工单，不能关闭。")
    update_version(tx, AreaRow, area_id, expected_version, {"valid_to": now})
    audit(tx, "area.close", actor_id=actor.user_id, subject_id=area_id, now=now)


def reopen(tx: Session, *, actor: Actor, area_id: UUID, expected_version: int, now: datetime) -> None:
    """Open a closed area again, unless what it lies in is closed or its name or code is taken by now."""
    access.check(actor, "settings")
    area = get(tx, area_id)
    if area.parent_id and get(tx, area.parent_id).valid_to is not None:
        raise Invalid("上级辖区已关闭，请先重新打开上级。")
    _check_unused(tx, area.parent_id, area.name, area.code, but=area_id)
    update_version(tx, AreaRow, area_id, expected_version, {"valid_to": None})
    audit(tx, "area.reopen", actor_id=actor.user_id, subject_id=area_id, now=now)


def heading(session: Session, *, actor: Actor) -> str:
    """Say where this person works, as the bar shows it: 梧桐街道 · 桂花社区."""
    placed = [g for g in actor.grants if g.area_id not in UNSORTED_AREAS]
    first = next((g for role in Role for g in placed if g.role is role), None)
    if first is None:
        return ""
    area = get(session, first.area_id)
    above = get(session, area.parent_id) if area.parent_id else None
    return " · ".join(a.name for a in (above, area) if a)
