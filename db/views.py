"""Saved views of the board: one's own, those shared in an area, and the one a role starts with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, func, insert, or_, select, update
from sqlalchemy.orm import Session

from db.models import AreaRow, BoardViewRow
from db.writes import audit, first_result, remember, update_version
from domain.access import OFFICE, STAFF, Actor, Role
from domain.errors import Changed, Invalid, NotAllowed, NotFound
from domain.ids import new_id, parse_id
from domain.people import has_phone, without_phones
from domain.text import clean
from domain.views import LONGEST_NAME, STATE_NAMES, Reach, SavedView, Share, View, from_body, to_body

MOST_VIEWS = 50
_DEFAULTS_SET_BY = OFFICE | {Role.ADMIN}


class Call(TypedDict):
    """What every change of a view carries: who, which one as they saw it, the form's key, and when."""

    actor: Actor
    view_id: UUID
    expected_version: int
    key: str
    now: datetime


def listed(session: Session, *, actor: Actor) -> list[SavedView]:
    """List the views this person may open: their own first, then shared ones, then defaults."""
    query = _query().where(_may_read(actor)).order_by(BoardViewRow.name, BoardViewRow.id)
    found = [_saved(actor, row, area) for row, area in session.execute(query)]
    return sorted(found, key=lambda view: list(Share).index(view.share))


def get(session: Session, *, actor: Actor, view_id: UUID) -> SavedView:
    found = session.execute(_query().where(BoardViewRow.id == view_id, _may_read(actor))).first()
    if found is None:
        raise NotFound("没有找到这个视图，可能已删除，或没有共享给您。")
    return _saved(actor, *found)


def default(session: Session, *, actor: Actor) -> SavedView | None:
    """Find what this person's main role starts with: the nearest area's, going up from theirs."""
    if actor.main_role is None:
        return None
    mine = replace(actor, grants=tuple(g for g in actor.grants if g.role is actor.main_role))
    query = _query().where(_for_role(mine))
    rows = session.execute(query.order_by(func.length(AreaRow.path).desc(), BoardViewRow.id.desc()).limit(1))
    return next((_saved(actor, row, area) for row, area in rows), None)


def asked_for(session: Session, *, actor: Actor, query: Mapping[str, str]) -> View:
    """Tell what an address shows this person: what it says itself, the view it names, or their role's."""
    if any(name in query for name in STATE_NAMES):
        return from_body({name: query[name] for name in STATE_NAMES if name in query})[0]
    if view_id := parse_id(query.get("view")):
        rows = session.execute(_query().where(BoardViewRow.id == view_id, _may_read(actor)))
        return next((_saved(actor, row, area).view for row, area in rows), View())
    start = default(session, actor=actor)
    return start.view if start else View()


def _query() -> Any:
    return select(BoardViewRow, AreaRow).outerjoin(AreaRow, AreaRow.id == BoardViewRow.area_id)


def _may_read(actor: Actor) -> ColumnElement[bool]:
    """Say in SQL which views somebody sees; leaders and volunteers see no shared ones, only what their role has."""
    own = and_(BoardViewRow.share != Share.ROLE, BoardViewRow.owner_id == actor.user_id)
    staff = [grant.area_path for grant in actor.grants if grant.role in STAFF | {Role.ADMIN}]
    near = or_(false(), *(_near(path) for path in staff))
    shared = and_(BoardViewRow.share == Share.SHARED, near)
    sets = [g.area_path for g in actor.grants if g.role in _DEFAULTS_SET_BY]
    to_set = and_(BoardViewRow.share == Share.ROLE, or_(false(), *(AreaRow.path.startswith(p) for p in sets)))
    return or_(own, shared, _for_role(actor), to_set)


def _near(path: str) -> ColumnElement[bool]:
    """Say "where this grant is, above it or below it"."""
    return or_(AreaRow.path.in_(_upwards(path)), AreaRow.path.startswith(path))


def _for_role(actor: Actor) -> ColumnElement[bool]:
    parts = (and_(BoardViewRow.role == g.role, AreaRow.path.in_(_upwards(g.area_path))) for g in actor.grants)
    return and_(BoardViewRow.share == Share.ROLE, or_(false(), *parts))


def _upwards(path: str) -> list[str]:
    """List a path and those above it: /a/b/ and /a/."""
    parts = path.strip("/").split("/")
    return [f"/{'/'.join(parts[: end + 1])}/" for end in range(len(parts))]


def _saved(actor: Actor, row: BoardViewRow, area: AreaRow | None) -> SavedView:
    view, dropped = from_body(row.body)
    return SavedView(
        row.id,
        row.name,
        Share(row.share),
        row.owner_id,
        row.area_id,
        area.name if area else "",
        Role(row.role) if row.role else None,
        view,
        dropped,
        row.version,
        _may_change(actor, row, area.path if area else None),
    )


def _may_change(actor: Actor, row: BoardViewRow, path: str | None) -> bool:
    if actor.read_only:
        return False
    if path is not None and actor.roles_at(path) & _DEFAULTS_SET_BY:
        return True
    return row.owner_id == actor.user_id and row.share != Share.ROLE


def save(tx: Session, *, actor: Actor, name: str, view: View, key: str, now: datetime) -> SavedView:
    """Keep a view of one's own under a new name."""
    if actor.read_only:
        raise NotAllowed("这个账号只能查看，不能保存视图。")
    name = _checked_name(name)
    body = _body(view)
    request = {"do": "view.save", "actor": actor.user_id, "name": name, "body": body}
    if done := first_result(tx, key, request):
        return get(tx, actor=actor, view_id=done)
    new = new_id()
    remember(tx, key, request, new, now=now)
    _check_room(tx, actor, name)
    tx.execute(
        insert(BoardViewRow).values(
            id=new, name=name, share=Share.OWN, owner_id=actor.user_id, body=body, created_at=now, version=1
        )
    )
    return get(tx, actor=actor, view_id=new)


def _checked_name(text: str) -> str:
    name = " ".join(clean(text).split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"请给视图起个名字，最多 {LONGEST_NAME} 个字，例如“今天要联系的”。", field="name")
    if has_phone(name):
        raise Invalid("视图的名字里请不要写电话号码。", field="name")
    return name


def _check_room(tx: Session, actor: Actor, name: str, *, but: UUID | None = None) -> None:
    names = tx.execute(
        select(BoardViewRow.id, BoardViewRow.name).where(
            BoardViewRow.owner_id == actor.user_id, BoardViewRow.share == Share.OWN
        )
    ).all()
    if any(held == name and row_id != but for row_id, held in names):
        raise Invalid(f"您已有一个叫“{name}”的视图，请换个名字。", field="name")
    if but is None and len(names) >= MOST_VIEWS:
        raise Invalid(f"每人最多保存 {MOST_VIEWS} 个视图，请先删除不用的。", field="name")


def _body(view: View) -> dict[str, str]:
    """Say what is written down: never somebody's telephone number out of the search box."""
    body = to_body(view)
    kept = without_phones(body.pop("text", ""))
    return body | ({"text": kept} if kept else {})


def change(tx: Session, *, view: View, **call: Unpack[Call]) -> SavedView:
    """Save over a view what the board now shows."""
    body = _body(view)
    return _once(tx, "view.change", call, {"body": body}, lambda _: {"body": body})


def rename(tx: Session, *, name: str, **call: Unpack[Call]) -> SavedView:
    name = _checked_name(name)

    def values(row: BoardViewRow) -> dict[str, Any]:
        if row.share == Share.OWN:
            _check_room(tx, call["actor"], name, but=row.id)
        return {"name": name}

    return _once(tx, "view.rename", call, {"name": name}, values)


def share(tx: Session, *, area_id: UUID | None, **call: Unpack[Call]) -> SavedView:
    """Let everyone with a grant in this area see it; with no area it is its owner's alone again."""
    return _show_to(tx, call, (Share.SHARED if area_id else Share.OWN, area_id, None))


def set_default(tx: Session, *, area_id: UUID, role: Role, **call: Unpack[Call]) -> SavedView:
    """Let everybody in this role there start with it; what they started with before stays, as a shared view."""
    return _show_to(tx, call, (Share.ROLE, area_id, role))


def keep(tx: Session, *, name: str, view: View, reach: Reach, **call: Unpack[Call]) -> SavedView:
    """Save over a view what it shows, its name and who sees it: all of it or nothing."""
    actor, name, body = call["actor"], _checked_name(name), _body(view)

    def values(row: BoardViewRow) -> dict[str, Any]:
        if reach[0] is Share.OWN:
            _check_room(tx, actor, name, but=row.id)
        if reach == (row.share, row.area_id, row.role):
            return {"name": name, "body": body}
        shown = _reaching(tx, actor, row, reach)
        action, detail = _told(reach)
        audit(tx, action, actor_id=actor.user_id, subject_id=row.id, detail=detail, now=call["now"])
        return {"name": name, "body": body} | shown

    return _once(tx, "view.change", call, {"name": name, "body": body, "reach": reach}, values)


def _show_to(tx: Session, call: Call, reach: Reach) -> SavedView:
    (action, detail), (_, area_id, role) = _told(reach), reach
    body = {"area": area_id} | ({"role": role} if role else {})
    return _once(tx, action, call, body, lambda row: _reaching(tx, call["actor"], row, reach), detail=detail)


def _told(reach: Reach) -> tuple[str, str]:
    """Say for the audit who is to see it."""
    share, area_id, role = reach
    where = f"@{area_id.hex}" if area_id else ""
    return {
        Share.OWN: ("view.unshare", ""),
        Share.SHARED: ("view.share", where),
        Share.ROLE: ("view.default", f"{role}{where}"),
    }[share]


def _reaching(tx: Session, actor: Actor, row: BoardViewRow, reach: Reach) -> dict[str, Any]:
    """Give what is written so that these see it, if this person may show it to them."""
    share, area_id, role = reach
    if area_id is None:
        if row.owner_id != actor.user_id:
            raise NotAllowed("这个视图是同事共享的，只有共享的人可以收回；您可以另存一份。")
    elif role is None:
        _check_may_share(tx, actor, area_id, STAFF | {Role.ADMIN}, "您只能共享给自己负责的辖区。")
    else:
        _check_may_share(tx, actor, area_id, _DEFAULTS_SET_BY, "只有社区工作者、社区书记和管理员可以设默认。")
        before = (BoardViewRow.area_id == area_id, BoardViewRow.role == role, BoardViewRow.id != row.id)
        freed = {"share": Share.SHARED, "role": None, "version": BoardViewRow.version + 1}
        tx.execute(update(BoardViewRow).where(*before).values(freed))
    return {"share": share, "area_id": area_id, "role": role}


def _check_may_share(tx: Session, actor: Actor, area_id: UUID, roles: Iterable[Role], message: str) -> None:
    # the lock: of two who set a default at once, the second sees the first's
    area = tx.scalars(select(AreaRow).where(AreaRow.id == area_id).with_for_update()).first()
    if area is None or not actor.roles_at(area.path) & frozenset(roles):
        raise NotAllowed(message)
    if area.valid_to is not None:
        raise Invalid(f"“{area.name}”已关闭，请选别的辖区。", field="area_id")


def remove(tx: Session, *, actor: Actor, view_id: UUID, expected_version: int, key: str, now: datetime) -> None:
    """Delete a view for everybody who sees it."""
    request = {"do": "view.delete", "actor": actor.user_id, "view": view_id}
    if first_result(tx, key, request):
        return
    remember(tx, key, request, view_id, now=now)
    row = _to_change(tx, actor, view_id)
    if row.share != Share.OWN:
        audit(tx, "view.delete", actor_id=actor.user_id, subject_id=view_id, now=now)
    mine = (BoardViewRow.id == view_id, BoardViewRow.version == expected_version)
    if tx.execute(delete(BoardViewRow).where(*mine)).rowcount != 1:  # type: ignore[attr-defined]
        raise Changed("这个视图刚被别人改过，请看一眼再删。")


def _to_change(tx: Session, actor: Actor, view_id: UUID) -> BoardViewRow:
    get(tx, actor=actor, view_id=view_id)  # what one may not see is not there
    row = tx.get_one(BoardViewRow, view_id, populate_existing=True)
    area = tx.get(AreaRow, row.area_id) if row.area_id else None
    if not _may_change(actor, row, area.path if area else None):
        raise NotAllowed("这个视图是同事共享的，您不能改它，可以另存为自己的。")
    return row


def _once(
    tx: Session,
    do: str,
    call: Call,
    body: dict[str, Any],
    values: Callable[[BoardViewRow], dict[str, Any]],
    *,
    detail: str = "",
) -> SavedView:
    """Make the change unless this key made it before; what others see of it goes on record."""
    actor, view_id, now = call["actor"], call["view_id"], call["now"]
    request = {"do": do, "actor": actor.user_id, "view": view_id, **body}
    if first_result(tx, call["key"], request):
        return get(tx, actor=actor, view_id=view_id)
    remember(tx, call["key"], request, view_id, now=now)
    row = _to_change(tx, actor, view_id)
    written = values(row)
    shared = row.share != Share.OWN or written.get("share", Share.OWN) != Share.OWN
    update_version(tx, BoardViewRow, view_id, call["expected_version"], written)
    if shared:
        audit(tx, do, actor_id=actor.user_id, subject_id=view_id, detail=detail, now=now)
    tx.expire_all()
    return get(tx, actor=actor, view_id=view_id)
