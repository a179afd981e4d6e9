"""Who has what: balances as people may see them, whose they are, and the freezing of an account."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, tuple_, union_all, update
from sqlalchemy.orm import Session

from db import crypto, people
from db.engine import one_row
from db.ledger import check_other_person, held
from db.models import (
    AreaRow,
    LedgerAccountRow,
    PartyRow,
    PersonRow,
    UserRow,
)
from db.writes import audit, first_result, remember
from domain import access
from domain.access import RIGHTS, Actor, Grant, grants_for
from domain.errors import NotAllowed, NotFound
from domain.ledger import Held
from domain.people import mask_name
from domain.points import (
    PERSONAL,
    Account,
    AccountStatus,
    FreezeReason,
    stars,
)

_ACCOUNT = LedgerAccountRow.__table__.c
PAGE = 50


@dataclass(frozen=True)
class Balance:
    """What one person has. Points in tenths; the name as this viewer may see it."""

    person_id: UUID
    community_id: UUID
    name: str
    available: int
    held: int
    debt: int  # what future awards make up for, as a positive number
    minutes: int
    frozen: bool
    account_id: UUID

    @property
    def stars(self) -> int:
        return stars(self.minutes)


# --- who may, and who is who -----------------------------------------------------------------------


def check(actor: Actor, right: str, area_path: str) -> None:
    """Refuse who has not the right there; a screen has none."""
    if actor.read_only:
        raise NotAllowed()
    access.check(actor, right, area_path)


def people_of(session: Session, actor: Actor) -> frozenset[UUID]:
    """Tell which persons this user is: their own and their party's."""
    mine = select(UserRow.person_id).where(UserRow.id == actor.user_id)
    theirs = select(PartyRow.person_id).where(PartyRow.user_id == actor.user_id)
    return frozenset(filter(None, session.scalars(union_all(mine, theirs))))


def person_of_party(tx: Session, party_id: UUID, *, now: datetime) -> UUID:
    """Give the person who holds the points of this party, registering them by its name at first."""
    party = tx.get_one(PartyRow, party_id)
    user = tx.get(UserRow, party.user_id) if party.user_id else None
    person = party.person_id or (user.person_id if user else None)
    if person is None:
        person = people.insert_person(tx, community_id=party.community_id, name=party.label, now=now)
    party.person_id = person
    if user is not None and user.person_id is None:
        user.person_id = person
    tx.flush()
    return person


def scope(grants: Iterable[Grant], community: Any, path: Any) -> ColumnElement[bool]:
    """Say "in the area of one of these grants" in SQL, for tables that keep community and path."""
    parts: list[ColumnElement[bool]] = []
    for grant in grants:
        inside: ColumnElement[bool] = community.in_(grant.community_ids)
        parts.append(inside if grant.whole_communities else and_(inside, path.startswith(grant.area_path)))
    return or_(false(), *parts)


def may_see(session: Session, actor: Actor, community: Any, path: Any, owner: Any) -> ColumnElement[bool]:
    """Say in SQL what this actor may read: their areas', as staff, and their own."""
    staff = scope(grants_for(actor, RIGHTS["points.read"]), community, path)
    return or_(staff, owner.in_(people_of(session, actor)))


# --- balances --------------------------------------------------------------------------------------


def balances(
    session: Session,
    *,
    actor: Actor,
    community_id: UUID,
    after: tuple[int, UUID] | None = None,
    limit: int = PAGE,
) -> list[Balance]:
    """List the community's accounts, the fullest first; `after` is the last one's (available, account_id)."""
    seen = scope(grants_for(actor, RIGHTS["points.read"]), _ACCOUNT.community_id, _ACCOUNT.area_path)
    query = select(_ACCOUNT.owner_id).where(
        _ACCOUNT.community_id == community_id, _ACCOUNT.kind == Account.AVAILABLE.value, seen
    )
    if after:
        query = query.where(tuple_(_ACCOUNT.balance, _ACCOUNT.id) < after)
    page = query.order_by(_ACCOUNT.balance.desc(), _ACCOUNT.id.desc()).limit(limit)
    return _balances(session, list(session.scalars(page)))


def balance(session: Session, *, actor: Actor, person_id: UUID) -> Balance:
    """Give one person's account; empty as long as nothing was ever posted to it."""
    account_of(session, actor, person_id, Account.AVAILABLE)
    return _balances(session, [person_id])[0]


def my_balance(session: Session, *, actor: Actor) -> Balance | None:
    """Give the actor's own account; none if they have none yet."""
    found = _balances(session, sorted(people_of(session, actor)))
    return found[0] if found else None


def _balances(session: Session, owners: Sequence[UUID]) -> list[Balance]:
    query = select(_ACCOUNT.owner_id, _ACCOUNT.kind, _ACCOUNT.id, _ACCOUNT.balance, _ACCOUNT.status)
    query = query.add_columns(_ACCOUNT.community_id).where(_ACCOUNT.owner_id.in_(owners))
    found: dict[UUID, dict[str, Any]] = {}
    for row in session.execute(query.where(_ACCOUNT.kind.in_(PERSONAL))):
        found.setdefault(row.owner_id, {})[row.kind] = row
    names = names_of(session, owners)
    return [_balance(owner, found[owner], names.get(owner, "")) for owner in owners if owner in found]


def _balance(owner: UUID, rows: dict[str, Any], name: str) -> Balance:
    available = rows[Account.AVAILABLE]
    held_, debt, hours = (rows[kind].balance for kind in (Account.HELD, Account.DEBT, Account.HOURS))
    frozen = available.status != AccountStatus.OPEN
    return Balance(
        owner, available.community_id, name, available.balance, held_, -debt, hours, frozen, available.id
    )  # fmt: skip


def names_of(session: Session, person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Give these people's names, masked; who was erased has none."""
    query = select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(frozenset(person_ids)))
    return {person: mask_name(crypto.unseal(name)) for person, name in session.execute(query)}


def account_of(session: Session, actor: Actor, person_id: UUID, kind: Account) -> Held:
    columns = [_ACCOUNT[name] for name in ("id", "kind", "unit", "owner_id", "balance", "version", "status")]
    seen = may_see(session, actor, _ACCOUNT.community_id, _ACCOUNT.area_path, _ACCOUNT.owner_id)
    query = select(*columns).where(_ACCOUNT.owner_id == person_id, _ACCOUNT.kind == kind.value, seen)
    found = session.execute(query).first()
    if found is None:
        raise NotFound("还没有积分记录，或不在您的辖区。")
    return held(found)


# --- 暂停使用 ----------------------------------------------------------------------------------------


def freeze(
    tx: Session,
    *,
    actor: Actor,
    person_id: UUID,
    frozen: bool,
    key: str,
    now: datetime,
    reason: FreezeReason | None = None,
) -> Balance:
    """Stop an account from spending, or let it spend again; it goes on earning."""
    request = {"do": "points.freeze", "actor": actor.user_id, "person": person_id, "frozen": frozen, "why": reason}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, person_id, now=now)
        account = account_of(tx, actor, person_id, Account.AVAILABLE)
        check(actor, "points.freeze", _path(tx, account.id))
        check_other_person(people_of(tx, actor), person_id)
        status = AccountStatus.FROZEN if frozen else AccountStatus.OPEN
        one_row(tx.execute(update(LedgerAccountRow).where(LedgerAccountRow.id == account.id).values(status=status)))
        done = "points.freeze" if frozen else "points.unfreeze"
        audit(tx, done, actor_id=actor.user_id, subject_id=person_id, detail=reason or "", now=now)
    return balance(tx, actor=actor, person_id=person_id)


def _path(session: Session, account_id: UUID) -> str:
    return str(session.scalars(select(_ACCOUNT.area_path).where(_ACCOUNT.id == account_id)).one())


def path_of(session: Session, area_id: UUID) -> str:
    found = session.scalars(select(AreaRow.path).where(AreaRow.id == area_id)).first()
    if found is None:
        raise NotFound("没有找到这个辖区，可能已关闭。")
    return found
