"""Who may do what: one table action × role, asked by every page, route and command."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.areas import Level
from domain.errors import NotAllowed


class Role(StrEnum):
    ADMIN = "admin"
    COORDINATOR = "coordinator"
    SECRETARY = "secretary"
    GRID_LEAD = "grid_lead"
    GRID_WORKER = "grid_worker"
    BUILDING_HEAD = "building_head"
    VOLUNTEER = "volunteer"
    LEADER = "leader"


ROLE_LABELS = {
    Role.ADMIN: "管理员",
    Role.COORDINATOR: "社区工作者",
    Role.SECRETARY: "社区书记",
    Role.GRID_LEAD: "网格长",
    Role.GRID_WORKER: "网格员",
    Role.BUILDING_HEAD: "楼栋长",
    Role.VOLUNTEER: "志愿者",
    Role.LEADER: "领导",
}

DISPATCHERS = frozenset({Role.COORDINATOR, Role.SECRETARY, Role.GRID_LEAD})
OFFICE = frozenset({Role.COORDINATOR, Role.SECRETARY})
FIELD = frozenset({Role.GRID_WORKER, Role.BUILDING_HEAD})
STAFF = DISPATCHERS | FIELD
EVERYONE = frozenset(Role)

# Rights that do not depend on a ticket's state; the steps of a ticket are in `tickets.TRANSITIONS`.
RIGHTS: dict[str, frozenset[Role]] = {
    "tickets.read": STAFF | {Role.LEADER},
    "tickets.board": STAFF | {Role.LEADER, Role.VOLUNTEER},
    "tickets.private": OFFICE,  # what a 私事 is about
    "tickets.export": DISPATCHERS,
    "tickets.import": OFFICE | {Role.ADMIN},
    "people.read": STAFF,
    "people.reveal": STAFF,
    "people.write": STAFF,
    "parties.read": STAFF,
    "points.page": STAFF | {Role.LEADER, Role.ADMIN},  # each with the parts that are theirs
    "points.read": STAFF,
    "points.record": STAFF,  # note what somebody else did
    "points.verify": DISPATCHERS,
    "points.confirm": OFFICE,  # what posts and takes back
    "points.freeze": OFFICE,
    "points.till": DISPATCHERS,  # redeem for somebody, hand over
    "points.stock": OFFICE,
    "points.rules": frozenset({Role.SECRETARY, Role.ADMIN}),
    "checkins.read": STAFF,
    "incidents.read": STAFF,
    "incidents.work": STAFF,  # answer, call, go, arrive; whose look or visit it is may too
    "incidents.decide": STAFF,  # note that the door was opened or 120 called, see what a doctor must know
    "incidents.close": DISPATCHERS | {Role.GRID_WORKER},
    "incidents.review": OFFICE,  # reopen, look back, close without having found anybody
    "incidents.ladder": frozenset({Role.SECRETARY, Role.ADMIN}),
    "incidents.notes": DISPATCHERS,  # what a shift leaves to the next
    "messages.lost": DISPATCHERS | {Role.ADMIN},  # read what reached nobody, to call them
    "care.read": STAFF,  # codes, buildings and states; a leader sees no person
    "care.write": OFFICE | {Role.GRID_LEAD},  # the register
    "care.plan": OFFICE | {Role.GRID_LEAD},  # slots, consents, contacts, who looks
    "care.look": STAFF,  # besides whoever is assigned
    "care.absence": STAFF,  # note that somebody is away; so may whoever is assigned
    "care.confirm": OFFICE | {Role.GRID_LEAD},  # what excuses from being looked in on
    "charts.read": STAFF | {Role.LEADER},
    "wall.read": DISPATCHERS | {Role.LEADER},
    "settings": frozenset({Role.ADMIN}),
    "me": EVERYONE,
}

HOMES = {
    Role.ADMIN: "settings",
    Role.LEADER: "wall",
    Role.VOLUNTEER: "me",
    Role.BUILDING_HEAD: "me",
    Role.GRID_WORKER: "me",
}


@dataclass(frozen=True)
class Grant:
    role: Role
    area_id: UUID
    area_path: str
    level: Level
    # the communities under the area (or the one it lies in): indexes lead with them
    community_ids: frozenset[UUID]

    @property
    def whole_communities(self) -> bool:
        return self.level in (Level.STREET, Level.COMMUNITY)


@dataclass(frozen=True)
class Actor:
    """The person at the screen: a user with the grants that hold now."""

    user_id: UUID
    name: str
    party_id: UUID | None = None
    grants: tuple[Grant, ...] = ()
    login_name: str = ""
    must_change_password: bool = False
    session_id: UUID | None = None
    read_only: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(g.role for g in self.grants)

    def roles_at(self, area_path: str) -> frozenset[Role]:
        """List the roles that a grant gives on the area with this path or above it."""
        return frozenset(g.role for g in self.grants if area_path.startswith(g.area_path))

    @property
    def figures_only(self) -> bool:
        """A leader reads what was done, never by whom or for whom."""
        return Role.LEADER in self.roles and self.roles <= {Role.LEADER, Role.ADMIN}

    @property
    def main_role(self) -> Role | None:
        return next((role for role in Role if role in self.roles), None)

    @property
    def home(self) -> str:
        role = self.main_role
        return HOMES.get(role, "tickets") if role else "me"


def has(actor: Actor, right: str, area_path: str | None = None) -> bool:
    """Tell whether the actor has the right, anywhere or (with a path) there."""
    roles = actor.roles if area_path is None else actor.roles_at(area_path)
    return bool(roles & RIGHTS[right])


def check(actor: Actor, right: str, area_path: str | None = None) -> None:
    if not has(actor, right, area_path):
        raise NotAllowed()


def grants_for(actor: Actor, roles: Iterable[Role]) -> tuple[Grant, ...]:
    """Pick the grants that give one of these roles: the actor's scope for a query."""
    wanted = frozenset(roles)
    return tuple(g for g in actor.grants if g.role in wanted)


def communities_of(grants: Iterable[Grant]) -> frozenset[UUID]:
    """List the communities that these grants reach: what indexes and change stamps go by."""
    return frozenset[UUID]().union(*(grant.community_ids for grant in grants))
