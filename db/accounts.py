"""Users and their grants: the administrator's side, and the first administrator."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from db import hashing, window_plans
from db.areas import get as get_area
from db.models import AreaRow, GrantRow, PartyAreaRow, PartyRow, SessionRow, UserRow
from db.sessions import grants_of, revoke_all
from db.writes import audit, bump_all, first_result, remember, update_version
from domain import access, passwords
from domain.access import Actor, Role, communities_of
from domain.accounts import HANDLING, DemoLogin, NewUser, User, UserGrant, check_login, check_name
from domain.areas import UNSORTED_COMMUNITY, Level
from domain.errors import Invalid, NotFound
from domain.ids import new_id, new_key

# --- queries ----------------------------------------------------------------------------------


def list_users(session: Session, *, actor: Actor, now: datetime) -> list[User]:
    """List all users for the administrator, those who left last."""
    access.check(actor, "settings")
    rows = session.scalars(select(UserRow).order_by(UserRow.active.desc(), UserRow.login)).all()
    granted = _grants_by_user(session, now)
    return [_user(row, granted.get(row.id, ())) for row in rows]


def last_seen(session: Session, *, actor: Actor) -> dict[UUID, datetime]:
    """Tell when each user last did something, as far as their sessions are kept."""
    access.check(actor, "settings")
    query = select(SessionRow.user_id, func.max(SessionRow.seen_at)).group_by(SessionRow.user_id)
    return {user_id: seen for user_id, seen in session.execute(query)}  # noqa: C416


def _user(row: UserRow, grants: tuple[UserGrant, ...]) -> User:
    return User(row.id, row.login, row.name, row.active, row.must_change, row.demo, row.version, grants)


def _grants_by_user(session: Session, now: datetime) -> dict[UUID, tuple[UserGrant, ...]]:
    query = (
        select(GrantRow, AreaRow.name)
        .join(AreaRow, AreaRow.id == GrantRow.area_id)
        .where(or_(GrantRow.valid_to.is_(None), GrantRow.valid_to > now))
        .order_by(GrantRow.role, AreaRow.path)
    )
    found: dict[UUID, tuple[UserGrant, ...]] = {}
    for grant, area_name in session.execute(query):
        mine = UserGrant(grant.id, Role(grant.role), grant.area_id, area_name)
        found[grant.user_id] = (*found.get(grant.user_id, ()), mine)
    return found


def demo_logins(session: Session, *, now: datetime) -> list[DemoLogin]:
    """List the demo users, one a role, in the order of the roles."""
    query = select(UserRow).where(UserRow.demo, UserRow.active).order_by(UserRow.login)
    granted = _grants_by_user(session, now)
    first: dict[Role, DemoLogin] = {}
    for row in session.scalars(query):
        for grant in granted.get(row.id, ())[:1]:
            first.setdefault(grant.role, DemoLogin(row.login, row.name, grant.role, grant.area_name))
    return [first[role] for role in Role if role in first]


def has_admin(session: Session, *, now: datetime) -> bool:
    return bool(_active_admins(session, now))


def _active_admins(session: Session, now: datetime) -> set[UUID]:
    query = (
        select(GrantRow.user_id)
        .join(UserRow, UserRow.id == GrantRow.user_id)
        .where(GrantRow.role == Role.ADMIN, UserRow.active)
        .where(or_(GrantRow.valid_to.is_(None), GrantRow.valid_to > now))
    )
    return set(session.scalars(query))


# --- commands ---------------------------------------------------------------------------------


def create_user(
    tx: Session,
    *,
    actor: Actor | None,
    login: str,
    name: str,
    grants: Iterable[tuple[Role, UUID]],
    password: str | None = None,
    must_change: bool = True,
    demo: bool = False,
    key: str,
    now: datetime,
) -> NewUser:
    """Make a user; without a password a random one, told once. No actor: the machine's own console."""
    _check_admin(actor)
    login, name, wanted = check_login(login), check_name(name), list(grants)
    request = {"do": "user", "login": login, "name": name, "grants": wanted, "demo": demo}
    if done := first_result(tx, key, request):
        return NewUser(done, None)
    if tx.scalars(select(UserRow.id).where(UserRow.login == login)).first():
        raise Invalid(f"账号“{login}”已有人使用，请换一个。", field="login")
    if not wanted:
        raise Invalid("请至少选择一个角色和辖区。", field="grants")
    given = None if demo else password or passwords.generate()
    if password and not demo:
        passwords.check(password, login=login)
    user = UserRow(
        id=new_id(),
        login=login,
        name=name,
        password_hash=hashing.make(given) if given else hashing.UNUSABLE,
        must_change=must_change and not demo,
        active=True,
        demo=demo,
        created_at=now,
        version=1,
    )
    tx.add(user)
    tx.flush()
    audit(tx, "user.create", actor_id=_id(actor), subject_id=user.id, now=now)
    for role, area_id in wanted:
        _insert_grant(tx, actor, user, role, area_id, now)
    remember(tx, key, request, user.id, now=now)
    return NewUser(user.id, None if password else given)


def create_admin(tx: Session, *, login: str, name: str = "管理员", now: datetime) -> str:
    """Make an administrator of every street, and give the initial password: it is told only here."""
    streets = tx.scalars(select(AreaRow.id).where(AreaRow.level == Level.STREET, AreaRow.valid_to.is_(None))).all()
    grants = [(Role.ADMIN, street) for street in streets]
    made = create_user(tx, actor=None, login=login, name=name, grants=grants, key=new_key(), now=now)
    return made.password or ""


def rename(tx: Session, *, actor: Actor, user_id: UUID, name: str, expected_version: int, now: datetime) -> None:
    _check_admin(actor)
    name = check_name(name)
    update_version(tx, UserRow, user_id, expected_version, {"name": name})
    tx.execute(update(PartyRow).where(PartyRow.user_id == user_id).values(label=name, version=PartyRow.version + 1))
    bump_all(tx)
    audit(tx, "user.rename", actor_id=actor.user_id, subject_id=user_id, now=now)


def grant(tx: Session, *, actor: Actor, user_id: UUID, role: Role, area_id: UUID, now: datetime) -> None:
    """Give a role on an area; giving it twice changes nothing."""
    _check_admin(actor)
    user = _get(tx, user_id)
    held = (g for g in grants_of(tx, user_id, now=now) if g.role is role and g.area_id == area_id)
    if not any(held):
        _insert_grant(tx, actor, user, role, area_id, now)


def _insert_grant(tx: Session, actor: Actor | None, user: UserRow, role: Role, area_id: UUID, now: datetime) -> None:
    area = get_area(tx, area_id)
    if area.valid_to is not None:
        raise Invalid("这个辖区已关闭，请另选一个。", field="grants")
    if role is Role.ADMIN and area.level is not Level.STREET:  # users, rules and the record are everybody's
        raise Invalid("管理员管整个系统，请授在街道一级。", field="grants")
    row = {"user_id": user.id, "role": role.value, "area_id": area_id, "granted_by": _id(actor)}
    tx.execute(insert(GrantRow).values(id=new_id(), valid_from=now, **row))
    what = f"{role.value}@{area_id.hex}"
    audit(tx, "grant", actor_id=_id(actor), subject_id=user.id, detail=what, now=now)
    keep_party(tx, user, now=now)


def revoke(tx: Session, *, actor: Actor, grant_id: UUID, now: datetime) -> None:
    """End a grant; the row stays, so that history knows who might do what."""
    _check_admin(actor)
    _hold_admins(tx)
    held = tx.get(GrantRow, grant_id)
    if held is None:
        raise NotFound("没有找到这项授权，请刷新后再看。")
    if held.valid_to is not None:
        return
    held.valid_to = now
    tx.flush()
    _keep_an_admin(tx, now)
    what = f"{held.role}@{held.area_id.hex}"
    audit(tx, "revoke", actor_id=actor.user_id, subject_id=held.user_id, detail=what, now=now)
    _leave_area(tx, held.user_id, held.area_id)
    keep_party(tx, _get(tx, held.user_id), now=now)


def reset_password(tx: Session, *, actor: Actor | None, user_id: UUID, now: datetime) -> str:
    """Set a random initial password, to be told by phone; every session of the user ends."""
    _check_admin(actor)
    user = _get(tx, user_id)
    if user.demo:
        raise Invalid("演示账号没有密码，在登录页点一下即可进入。")
    password = passwords.generate()
    user.password_hash, user.must_change, user.version = hashing.make(password), True, user.version + 1
    revoke_all(tx, user_id, now=now)
    audit(tx, "password.reset", actor_id=_id(actor), subject_id=user_id, now=now)
    return password


def end_sessions(tx: Session, *, actor: Actor, user_id: UUID, now: datetime) -> None:
    """Log a user out of every device; they may log in again."""
    _check_admin(actor)
    revoke_all(tx, _get(tx, user_id).id, now=now)
    audit(tx, "sessions.end", actor_id=actor.user_id, subject_id=user_id, now=now)


def deactivate(tx: Session, *, actor: Actor, user_id: UUID, now: datetime) -> None:
    """Let a user in no longer, from this moment; what they did stays theirs."""
    _check_admin(actor)
    _hold_admins(tx)
    _set_active(tx, actor, user_id, False, now)
    _keep_an_admin(tx, now)
    revoke_all(tx, user_id, now=now)


def reactivate(tx: Session, *, actor: Actor, user_id: UUID, now: datetime) -> None:
    _check_admin(actor)
    _set_active(tx, actor, user_id, True, now)


def _set_active(tx: Session, actor: Actor, user_id: UUID, active: bool, now: datetime) -> None:
    user = _get(tx, user_id)
    user.active, user.version = active, user.version + 1
    tx.flush()
    action = "user.reactivate" if active else "user.deactivate"
    audit(tx, action, actor_id=actor.user_id, subject_id=user_id, now=now)
    keep_party(tx, user, now=now)
    window_plans.repoint_user(tx, user_id, now=now)


def _check_admin(actor: Actor | None) -> None:
    if actor is not None:
        access.check(actor, "settings")


def _id(actor: Actor | None) -> UUID | None:
    return actor.user_id if actor else None


def _get(tx: Session, user_id: UUID) -> UserRow:
    user = tx.get(UserRow, user_id)
    if user is None:
        raise NotFound("没有找到这个用户，请刷新后再看。")
    return user


def _hold_admins(tx: Session) -> None:
    """Have two who take away administrators go one after the other, so that the second counts what the first left."""
    tx.execute(select(GrantRow.id).where(GrantRow.role == Role.ADMIN).order_by(GrantRow.id).with_for_update())


def _keep_an_admin(tx: Session, now: datetime) -> None:
    if not _active_admins(tx, now):
        raise Invalid("至少要保留一名管理员，请先授权另一位。")


# --- the party of a user: what a ticket is given to -------------------------------------------


def keep_party(tx: Session, user: UserRow, *, now: datetime) -> None:
    """Staff and volunteers can be given tickets: see that they have a party, and others no active one."""
    handling = [g for g in grants_of(tx, user.id, now=now) if g.role in HANDLING]
    party = tx.scalars(select(PartyRow).where(PartyRow.user_id == user.id)).one_or_none()
    if party is not None:
        party.active, party.version = user.active and bool(handling), party.version + 1
        reach = communities_of(handling)
        if reach and party.community_id not in reach:  # moved to another community's work
            party.community_id = min(reach, key=str)
    elif handling:
        reached = sorted(handling[0].community_ids, key=str)
        home = reached[0] if reached else UNSORTED_COMMUNITY
        party = PartyRow(id=new_id(), community_id=home, label=user.name, user_id=user.id, version=1)
        tx.add(party)
    tx.flush()
    if party is not None:
        _add_areas(tx, party.id, {g.area_id for g in handling})


def _add_areas(tx: Session, party_id: UUID, areas: set[UUID]) -> None:
    # only added: where a party serves may have been set by hand since
    held = set(tx.scalars(select(PartyAreaRow.area_id).where(PartyAreaRow.party_id == party_id)))
    for area_id in sorted(areas - held, key=str):
        tx.execute(insert(PartyAreaRow).values(party_id=party_id, area_id=area_id))


def _leave_area(tx: Session, user_id: UUID, area_id: UUID) -> None:
    party = select(PartyRow.id).where(PartyRow.user_id == user_id).scalar_subquery()
    tx.execute(delete(PartyAreaRow).where(PartyAreaRow.party_id == party, PartyAreaRow.area_id == area_id))
