"""Screens: walls that nobody logs in at. A token of its own reads the figures of an area, until it is revoked."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from db.areas import grant_of
from db.models import AreaRow, ScreenRow
from db.writes import audit, first_result, remember
from domain import access
from domain.access import Actor, Role
from domain.errors import Invalid, NotFound
from domain.ids import new_id

MARK = "screen-"  # a session's token never begins like this
SEEN_EVERY = timedelta(minutes=10)
# a screen that was dark for so long may be anybody's by now
FORGOTTEN_AFTER = timedelta(days=90)
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Screen:
    id: UUID
    name: str
    area_name: str
    made_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True)
class NewScreen:
    id: UUID
    token: str | None  # told once, and not again for the same key


def make(tx: Session, *, actor: Actor, name: str, area_id: UUID, key: str, now: datetime) -> NewScreen:
    access.check(actor, "settings")
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise Invalid(f"请填写大屏的名称，不超过 {_LONGEST_NAME} 个字，例如“一楼大厅”。", field="name")
    request = {"do": "screen", "name": name, "area": area_id}
    if done := first_result(tx, key, request):
        return NewScreen(done, None)
    area = tx.get(AreaRow, area_id)
    if area is None or area.valid_to is not None:
        raise Invalid("这个辖区已关闭，请另选一个。", field="area_id")
    token, made = MARK + secrets.token_urlsafe(32), new_id()
    row = {"id": made, "name": name, "area_id": area_id, "token_sha256": _digest(token), "created_at": now}
    tx.execute(insert(ScreenRow).values(**row))
    audit(tx, "screen.make", actor_id=actor.user_id, subject_id=made, now=now)
    remember(tx, key, request, made, now=now)
    return NewScreen(made, token)


def revoke(tx: Session, *, actor: Actor, screen_id: UUID, now: datetime) -> None:
    access.check(actor, "settings")
    mine = (ScreenRow.id == screen_id, ScreenRow.revoked_at.is_(None))
    if not tx.execute(update(ScreenRow).where(*mine).values(revoked_at=now)).rowcount:  # type: ignore[attr-defined]
        raise NotFound("这块大屏的许可已经收回了。")
    audit(tx, "screen.revoke", actor_id=actor.user_id, subject_id=screen_id, now=now)


def listed(session: Session, *, actor: Actor) -> list[Screen]:
    access.check(actor, "settings")
    query = (
        select(ScreenRow.id, ScreenRow.name, AreaRow.name, ScreenRow.created_at, ScreenRow.seen_at)
        .join(AreaRow, AreaRow.id == ScreenRow.area_id)
        .where(ScreenRow.revoked_at.is_(None))
        .order_by(ScreenRow.created_at)
    )
    return [Screen(*row) for row in session.execute(query)]


def find(session: Session, token: str, now: datetime) -> tuple[Actor, datetime | None] | None:
    """Give the actor that a screen is, and when it was last seen; None once its token is revoked."""
    query = (
        select(ScreenRow, AreaRow)
        .join(AreaRow, AreaRow.id == ScreenRow.area_id)
        .where(ScreenRow.token_sha256 == _digest(token), ScreenRow.revoked_at.is_(None))
        .where(or_(ScreenRow.seen_at.is_(None), ScreenRow.seen_at > now - FORGOTTEN_AFTER))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    screen, area = found
    grant = grant_of(session, Role.LEADER, area)
    return Actor(screen.id, screen.name, grants=(grant,), session_id=screen.id, read_only=True), screen.seen_at


def touch(tx: Session, screen_id: UUID, now: datetime) -> None:
    tx.execute(update(ScreenRow).where(ScreenRow.id == screen_id).values(seen_at=now))


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
