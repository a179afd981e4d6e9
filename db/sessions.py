"""Logins: who holds this token, and how one comes by it.

`log_in`, `change_password` and `identify` run their own transactions: a failure must be counted
although the command is refused, and no lock is held while a password is hashed.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

import settings
from db import hashing, screens, throttle
from db.areas import grant_of
from db.engine import read, run
from db.models import AreaRow, DeviceRow, GrantRow, PartyRow, SessionRow, UserRow
from db.writes import audit
from domain import passwords
from domain.access import Actor, Grant, Role
from domain.accounts import FREE_TRIES, LoggedIn, normal_login
from domain.errors import Busy, Invalid, LoginRefused, NotAllowed
from domain.ids import new_id

SEEN_EVERY = timedelta(minutes=1)
ACCOUNT_TRIES, ADDRESS_TRIES = 20, 100  # free ones from anywhere, and for all accounts of an address


@dataclass(frozen=True)
class Visitor:
    """Where a login comes from."""

    address: str = ""
    agent: str = ""
    device_token: str | None = None
    old_token: str | None = None  # the session that this login takes the place of


@dataclass(frozen=True)
class _Try:
    user_id: UUID | None
    password_hash: str | None
    may_log_in: bool
    own_keys: tuple[str, ...]
    address_key: str | None


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# --- who is it --------------------------------------------------------------------------------


def actor_for(session: Session, token: str, *, now: datetime) -> Actor | None:
    """Read who holds this token, with the grants that hold now; None once the session has ended."""
    found = _find(session, token, now)
    return found[0] if found else None


def identify(token: str | None, *, now: datetime, active: bool) -> Actor | None:
    """Read who holds this token; an active visitor (no timer, no push) keeps the session alive."""
    if token and token.startswith(screens.MARK):
        return _screen(token, now)
    found = read(_find, token, now) if token else None
    if found is None:
        return None
    actor, seen_at = found
    if active and actor.session_id and seen_at < now - SEEN_EVERY:
        with suppress(Busy):  # the next one will write it
            run(_touch, actor.session_id, now)
    return actor


def _screen(token: str, now: datetime) -> Actor | None:
    """Read which wall holds this token: nobody is active there, and it stays for years."""
    found = read(screens.find, token, now)
    if found is None:
        return None
    screen, seen_at = found
    if seen_at is None or seen_at < now - screens.SEEN_EVERY:
        with suppress(Busy):
            run(screens.touch, screen.user_id, now)
    return screen


def _find(session: Session, token: str, now: datetime) -> tuple[Actor, datetime] | None:
    idle = timedelta(hours=settings.current().idle_hours)
    found = session.execute(_HOLDER, {"token": digest(token), "now": now, "idle": now - idle}).one_or_none()
    if found is None:
        return None
    held, seen_at, user, name, login, must_change, party_id = found
    actor = Actor(
        user_id=user,
        name=name,
        party_id=party_id,
        grants=grants_of(session, user, now=now),
        login_name=login,
        must_change_password=must_change,
        session_id=held,
    )
    return actor, seen_at


# both written once: every document and every run of a page asks them
_WHO: tuple[Any, ...] = (UserRow.id, UserRow.name, UserRow.login, UserRow.must_change, PartyRow.id)
_HOLDER = (
    select(SessionRow.id, SessionRow.seen_at, *_WHO)
    .join(UserRow, UserRow.id == SessionRow.user_id)
    .outerjoin(PartyRow, and_(PartyRow.user_id == UserRow.id, PartyRow.active))
    .where(SessionRow.token_sha256 == bindparam("token"), SessionRow.revoked_at.is_(None))
    .where(SessionRow.expires_at > bindparam("now"), SessionRow.seen_at > bindparam("idle"), UserRow.active)
)
_GRANTS = (
    select(GrantRow.role, AreaRow)
    .join(AreaRow, AreaRow.id == GrantRow.area_id)
    .where(GrantRow.user_id == bindparam("user"), GrantRow.valid_from <= bindparam("now"))
    .where(or_(GrantRow.valid_to.is_(None), GrantRow.valid_to > bindparam("now")))
    .order_by(AreaRow.path, GrantRow.role)
)


def grants_of(session: Session, user_id: UUID, *, now: datetime) -> tuple[Grant, ...]:
    rows = session.execute(_GRANTS, {"user": user_id, "now": now})
    return tuple(grant_of(session, Role(role), area) for role, area in rows)


def _touch(tx: Session, session_id: UUID, now: datetime) -> None:
    stale = SessionRow.seen_at < now - SEEN_EVERY
    tx.execute(update(SessionRow).where(SessionRow.id == session_id, stale).values(seen_at=now))


# --- logging in -------------------------------------------------------------------------------


def log_in(*, login: str, password: str, visitor: Visitor, now: datetime) -> LoggedIn:
    """Open a session, or refuse in words that don't tell whether the account exists."""
    attempt = run(_begin, login=normal_login(login), visitor=visitor, now=now)
    right = hashing.matches(attempt.password_hash, password[: passwords.LONGEST])
    if not (right and attempt.may_log_in and attempt.user_id):
        run(audit, "login.refused", actor_id=None, subject_id=attempt.user_id, now=now)
        raise LoginRefused()
    renewed = None
    if attempt.password_hash and hashing.is_outdated(attempt.password_hash):
        renewed = hashing.make(password)
    return run(_succeed, attempt=attempt, renewed=renewed, visitor=visitor, now=now)


def _begin(tx: Session, *, login: str, visitor: Visitor, now: datetime) -> _Try:
    user = tx.scalars(select(UserRow).where(UserRow.login == login)).one_or_none()
    if user and _is_known(tx, user.id, visitor.device_token):
        # counted for itself: what others do to this account can't lock its owner's browser out
        keys = {throttle.key_of("device", login, visitor.device_token or ""): FREE_TRIES}
        address_key = None
    else:
        address_key = throttle.key_of("address", visitor.address)
        keys = {
            throttle.key_of("both", login, visitor.address): FREE_TRIES,
            throttle.key_of("account", login): ACCOUNT_TRIES,
        }
    own = tuple(keys)
    throttle.count_try(tx, {**keys, **({address_key: ADDRESS_TRIES} if address_key else {})}, now=now)
    if user is None:
        return _Try(None, None, False, own, address_key)
    return _Try(user.id, user.password_hash, user.active, own, address_key)


def _is_known(tx: Session, user_id: UUID, device_token: str | None) -> bool:
    if not device_token:
        return False
    known = (DeviceRow.user_id == user_id, DeviceRow.device_sha256 == digest(device_token))
    return tx.scalars(select(DeviceRow.id).where(*known)).first() is not None


def _succeed(tx: Session, *, attempt: _Try, renewed: str | None, visitor: Visitor, now: datetime) -> LoggedIn:
    throttle.forget(tx, list(attempt.own_keys))
    if attempt.address_key:
        throttle.take_back(tx, attempt.address_key)
    user = tx.get(UserRow, attempt.user_id)
    if user is None or not user.active:
        raise LoginRefused()
    if renewed:
        user.password_hash = renewed
    audit(tx, "login", actor_id=user.id, subject_id=user.id, now=now)
    return open_session(tx, user=user, visitor=visitor, now=now)


def open_session(tx: Session, *, user: UserRow, visitor: Visitor, now: datetime) -> LoggedIn:
    """Write a new session with a token of its own and end the one it takes the place of."""
    if visitor.old_token:
        _revoke(tx, SessionRow.token_sha256 == digest(visitor.old_token), now=now)
    token, device_token = secrets.token_urlsafe(32), visitor.device_token or secrets.token_urlsafe(32)
    session_id = new_id()
    row = {
        "id": session_id,
        "token_sha256": digest(token),
        "user_id": user.id,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + timedelta(days=settings.current().session_days),
        "address": visitor.address[:60],
        "agent": visitor.agent[:160],
    }
    tx.execute(insert(SessionRow).values(row))
    _remember_device(tx, user.id, device_token, now)
    return LoggedIn(token, row["id"], device_token, user.must_change)  # type: ignore[arg-type]


def _remember_device(tx: Session, user_id: UUID, device_token: str, now: datetime) -> None:
    mine = (DeviceRow.user_id == user_id, DeviceRow.device_sha256 == digest(device_token))
    seen = tx.execute(update(DeviceRow).where(*mine).values(seen_at=now))
    if seen.rowcount == 0:  # type: ignore[attr-defined]
        row = {"id": new_id(), "user_id": user_id, "device_sha256": digest(device_token), "seen_at": now}
        tx.execute(insert(DeviceRow).values(row))


def log_in_demo(tx: Session, *, login: str, visitor: Visitor, now: datetime) -> LoggedIn:
    """Open a demo user's session without a password; whether there may be any is the caller's rule."""
    demo = (UserRow.login == normal_login(login), UserRow.demo, UserRow.active)
    user = tx.scalars(select(UserRow).where(*demo)).one_or_none()
    if user is None:
        raise LoginRefused("没有这个演示账号，请刷新登录页后重试。")
    audit(tx, "login.demo", actor_id=user.id, subject_id=user.id, now=now)
    return open_session(tx, user=user, visitor=visitor, now=now)


def check_passcode(*, given: str, right: str, address: str, now: datetime) -> None:
    """Compare the passcode of the demo on the LAN; throttled by address like a login."""
    key = throttle.key_of("passcode", address)
    run(throttle.count_try, {key: FREE_TRIES}, now=now)
    if not secrets.compare_digest(given.strip().encode(), right.encode()):
        raise LoginRefused("演示口令不对，请看启动时打印的六位数字。")
    run(throttle.forget, [key])


# --- leaving ----------------------------------------------------------------------------------


def log_out(tx: Session, *, token: str, now: datetime) -> None:
    user_id = tx.scalars(select(SessionRow.user_id).where(SessionRow.token_sha256 == digest(token))).first()
    if _revoke(tx, SessionRow.token_sha256 == digest(token), now=now):
        audit(tx, "logout", actor_id=user_id, subject_id=user_id, now=now)


def log_out_everywhere(tx: Session, *, actor: Actor, now: datetime) -> None:
    revoke_all(tx, actor.user_id, now=now)
    audit(tx, "logout.everywhere", actor_id=actor.user_id, subject_id=actor.user_id, now=now)


def revoke_all(tx: Session, user_id: UUID, *, now: datetime) -> None:
    _revoke(tx, SessionRow.user_id == user_id, now=now)


def _revoke(tx: Session, which: ColumnElement[bool], *, now: datetime) -> int:
    ended = tx.execute(update(SessionRow).where(which, SessionRow.revoked_at.is_(None)).values(revoked_at=now))
    return ended.rowcount  # type: ignore[attr-defined,no-any-return]


# --- one's own password -----------------------------------------------------------------------


def change_password(*, actor: Actor, old: str, new: str, visitor: Visitor, now: datetime) -> LoggedIn:
    """Set one's own password: every session ends and a new one begins."""
    stored = run(_begin_change, actor=actor, now=now)
    if not hashing.matches(stored, old[: passwords.LONGEST]):
        raise Invalid("原密码不对，请再填一次。", field="old")
    passwords.check(new, login=actor.login_name)
    if new == old:
        raise Invalid("新密码与原密码相同，请换一个。", field="new")
    made = hashing.make(new)
    return run(_store_password, actor=actor, stored=stored, made=made, visitor=visitor, now=now)


def _begin_change(tx: Session, *, actor: Actor, now: datetime) -> str:
    user = tx.get(UserRow, actor.user_id)
    if user is None or not user.active or user.demo:
        raise NotAllowed("演示账号不能修改密码。" if user and user.demo else "账号已停用，请联系管理员。")
    throttle.count_try(tx, {_change_key(actor): FREE_TRIES}, now=now)
    return user.password_hash


def _change_key(actor: Actor) -> str:
    return throttle.key_of("change", actor.user_id.hex)


def _store_password(tx: Session, *, actor: Actor, stored: str, made: str, visitor: Visitor, now: datetime) -> LoggedIn:
    user = tx.get(UserRow, actor.user_id)
    if user is None or user.password_hash != stored:
        raise NotAllowed("密码刚刚已被改过，请重新登录。")
    user.password_hash, user.must_change, user.version = made, False, user.version + 1
    throttle.forget(tx, [_change_key(actor)])
    revoke_all(tx, user.id, now=now)
    audit(tx, "password.change", actor_id=user.id, subject_id=user.id, now=now)
    return open_session(tx, user=user, visitor=visitor, now=now)
