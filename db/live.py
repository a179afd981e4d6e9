"""What the push asks the database: the change stamps, who may share a board, versions of open tickets."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from db.areas import grant_of
from db.models import AreaRow, ChangeStampRow, GrantRow, PartyRow, TicketRow
from db.ticket_events import may_read
from db.writes import stamps
from domain.access import OFFICE, RIGHTS, Actor, Grant, Role, communities_of, grants_for

# whose sight follows from their areas alone: none of them claims, and only the office reports and dispatches
_BY_AREA = OFFICE | {Role.LEADER, Role.ADMIN}

# written once: every run of a board asks them
_AREA, _GRANT = AreaRow.__table__, GrantRow.__table__
_EVER = (
    select(_GRANT.c.role, _AREA.c.id, _AREA.c.path, _AREA.c.level, _AREA.c.community_id)
    .join_from(_GRANT, _AREA, _AREA.c.id == _GRANT.c.area_id)
    .where(_GRANT.c.user_id == bindparam("user"))
)
_HOME = select(PartyRow.community_id).where(PartyRow.id == bindparam("party"))


@dataclass(frozen=True)
class Reach:
    """Where a change may alter what this person sees, and whether nobody else sees just that."""

    communities: frozenset[UUID]
    alone: bool


_bells: set[Callable[[str], object]] = set()


@contextmanager
def hearing(bell: Callable[[str], object]) -> Iterator[None]:
    """Have this called, in whatever thread, with the session that waits to see what it has written here."""
    _bells.add(bell)
    try:
        yield
    finally:
        _bells.discard(bell)


def ring(session: str) -> None:
    for bell in tuple(_bells):
        with suppress(RuntimeError):  # its loop has ended meanwhile
            bell(session)


def change_stamps(session: Session) -> dict[tuple[str, UUID], int]:
    """Read the stamps of every topic and community at once."""
    query = select(ChangeStampRow.topic, ChangeStampRow.community_id, ChangeStampRow.stamp)
    return {(topic, community): stamp for topic, community, stamp in session.execute(query)}


def reach(session: Session, *, actor: Actor) -> Reach:
    """Work out from every grant there ever was: a ticket reported or sent under an old one stays one's own."""
    rows = session.execute(_EVER, {"user": actor.user_id})
    ever = [grant_of(session, Role(row.role), row) for row in rows]
    home = session.scalars(_HOME, {"party": actor.party_id}).all() if actor.party_id else []
    everywhere = communities_of((*actor.grants, *ever)).union(home)
    desk = communities_of(grants_for(actor, OFFICE))
    tied = communities_of(g for g in ever if g.role in OFFICE).union(home)
    by_area = all(_is_by_area(grant) for grant in (*actor.grants, *ever))
    return Reach(everywhere, alone=not (by_area and tied <= desk))


def sight(actor: Actor, *, alone: bool) -> object:
    """Name what is seen: who has the same name sees the same board. `alone` is `reach`'s word."""
    if alone:
        return (actor.user_id, actor.party_id, actor.grants)
    scopes = (grants_for(actor, OFFICE), grants_for(actor, RIGHTS["tickets.read"]), actor.grants)
    return tuple(map(communities_of, scopes))


def stamp(session: Session, *, actor: Actor) -> int:
    """Sum the stamps of wherever a change may alter what they see; who share a sight have the same sum."""
    found = reach(session, actor=actor)
    return stamps(session, found.communities if found.alone else communities_of(actor.grants))


def _is_by_area(grant: Grant) -> bool:
    return grant.role in _BY_AREA and grant.whole_communities


def versions(session: Session, *, actor: Actor, ticket_ids: Collection[UUID]) -> dict[UUID, int]:
    """Read how often these tickets have changed, those that the actor may read."""
    if not ticket_ids:
        return {}
    query = select(TicketRow.id, TicketRow.version).where(TicketRow.id.in_(ticket_ids), may_read(actor))
    return {ticket: version for ticket, version in session.execute(query)}  # noqa: C416
