"""Made-up people: users, volunteers, elders, residents, and handlers without a login.

Nobody is real: given names are solar terms, telephones begin with 1380000 or 0000.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any
from uuid import UUID

from db import hashing, people
from demo.chance import Chance
from demo.places import COMMUNITIES, Place
from demo.plan import Share
from demo.texts import THEMES
from domain.access import ROLE_LABELS, Actor, Grant, Role
from domain.accounts import HANDLING
from domain.areas import Level

Rows = defaultdict[str, list[dict[str, Any]]]

_SURNAMES = "冯韩沈许何吕施孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭鲁韦马苗凤花方俞任袁柳"
_GIVEN = (
    *("谷雨", "小满", "芒种", "白露", "秋分", "寒露", "霜降", "立夏", "惊蛰", "春分", "大雪"),
    *("小雪", "冬至", "立秋", "处暑", "夏至", "雨水", "立冬", "青禾", "知秋", "晚晴", "听雨"),
)
_ELDER_CALLS = ("奶奶", "爷爷", "大爷", "大妈", "伯伯", "阿婆")
# 桂花社区's fixed elders: call, building, unit, door
_FIXED_ELDERS = (
    ("张奶奶", "3号楼", "2单元", "501"),
    ("王大爷", "7号楼", "1单元", "202"),
    ("李爷爷", "3号楼", "1单元", "302"),
    ("陈伯伯", "1号楼", "3单元", "101"),
    ("周奶奶", "5号楼", "2单元", "402"),
)


def _fixers() -> Iterator[tuple[str, str, str]]:
    """Say who mends and who cleans in each community; each works in one."""
    known = {"桂花": ("王师傅", "保洁员"), "海棠": ("刘师傅", "海棠保洁班"), "银杏": ("高师傅", "银杏保洁班")}
    others = (surname for surname in _SURNAMES if surname not in "王刘高")
    for community, _ in COMMUNITIES:
        name = community.removesuffix("社区")
        yield name, *known.get(name, (f"{next(others)}师傅", f"{name}保洁班"))


# trade in the table of texts → (how it is shown, what they do, is it a unit), a row a community
_HANDLERS: tuple[Mapping[str, tuple[str, str, bool]], ...] = tuple(
    {
        "水电": (fixer, "水电维修", False),
        "保洁": (cleaner, "保洁", cleaner != "保洁员"),
        "物业": (f"{name}物业", "物业服务", True),
        "电梯": ("电梯维保", "电梯维保", True),
        "绿化": ("绿化队", "绿化养护", True),
        "消防": ("消防巡查", "消防巡查", True),
        "民警": ("社区民警", "治安", False),
        "调解": (f"{name}调解室", "矛盾调解", True),
    }
    for name, fixer, cleaner in _fixers()
)


@dataclass(frozen=True)
class Handler:
    id: UUID
    label: str
    user: Actor | None = None


@dataclass(frozen=True)
class Resident:
    id: UUID
    call: str
    home: Place  # a unit
    address: str


@dataclass
class Team:
    """Who works in one community, and for whom."""

    community: Place
    has_story: bool = False  # the fixed cast works here
    office: list[Actor] = field(default_factory=list)  # 社区工作者
    secretary: list[Actor] = field(default_factory=list)
    leads: dict[UUID, Actor] = field(default_factory=dict)  # by grid
    workers: dict[UUID, Actor] = field(default_factory=dict)  # by grid
    heads: dict[UUID, Actor] = field(default_factory=dict)  # by building
    volunteers: list[Actor] = field(default_factory=list)
    helpers: list[UUID] = field(default_factory=list)  # all volunteers as people, those with a login first
    handlers: dict[str, Handler] = field(default_factory=dict)  # by trade
    elders: list[Resident] = field(default_factory=list)
    residents: list[Resident] = field(default_factory=list)

    @cached_property
    def buildings(self) -> list[Place]:
        return self.community.under(Level.BUILDING)

    def handler(self, trade: str, grid_id: UUID, chance: Chance) -> Handler:
        """Find who does this; a trade without a party of its own is done by the community's people."""
        if trade in self.handlers:
            return self.handlers[trade]
        user = {
            "网格": self.workers.get(grid_id),
            "书记": self.secretary[0],
            "志愿": chance.one(self.volunteers),
        }.get(trade) or chance.one(self.office)
        assert user.party_id
        return Handler(user.party_id, user.name, user)

    def user_of(self, party_id: UUID | None) -> UUID | None:
        return self._users.get(party_id) if party_id else None

    @cached_property
    def actors(self) -> dict[UUID, Actor]:
        """List everybody who can be given a ticket; read only once the team is complete."""
        held = (*self.office, *self.secretary, *self.volunteers)
        by_place = (*self.leads.values(), *self.workers.values(), *self.heads.values())
        return {actor.user_id: actor for actor in (*held, *by_place)}

    @cached_property
    def _users(self) -> dict[UUID | None, UUID]:
        return {actor.party_id: actor.user_id for actor in self.actors.values()}


class Census:
    """Writes the rows of people while the teams form."""

    def __init__(self, chance: Chance, made_at: datetime, categories: Mapping[tuple[str, str], UUID]) -> None:
        self.chance, self.made_at, self.categories = chance, made_at, categories
        self.rows: Rows = defaultdict(list)
        self._mobiles: Iterator[int] = count(1)
        self._offices: Iterator[int] = count(1)
        self._logins: Iterator[int] = count(1)

    def id(self) -> UUID:
        return self.chance.id(self.made_at)

    def mobile(self) -> str:
        return f"1380000{next(self._mobiles):04d}"

    def person(self, community: Place, name: str, phone: str, home: Place | None = None, address: str = "") -> UUID:
        new = self.id()
        area = home.id if home else None
        row = people.columns(new, community.id, name, phone, address, area, self.made_at)
        self.rows["person"].append(row)
        return new

    def user(self, name: str, role: Role, area: Place, *, demo: bool = False, person_id: UUID | None = None) -> Actor:
        """Make a user with one grant, and the party that lets them be given tickets."""
        new = self.id()
        login = f"demo-{role.value}" if demo else f"{ROLE_LABELS[role]}-{next(self._logins):03d}"
        values = {"id": new, "login": login, "name": name, "person_id": person_id, "demo": demo, "active": True}
        # nobody logs in here with a password: a demo user has a button, the others are only colleagues
        rest = {"password_hash": hashing.UNUSABLE, "must_change": False, "created_at": self.made_at, "version": 1}
        self.rows["app_user"].append(values | rest)
        granted = {"id": self.id(), "user_id": new, "role": role.value, "area_id": area.id}
        self.rows["role_grant"].append(granted | {"valid_from": self.made_at, "valid_to": None, "granted_by": None})
        party = self._party_of(new, name, role, area)
        return Actor(new, name, party, (_grant(role, area),), login)

    def _party_of(self, user_id: UUID, name: str, role: Role, area: Place) -> UUID | None:
        community = area.above(Level.COMMUNITY)
        if role not in HANDLING or community is None:
            return None
        return self.party(community, name, "", user_id=user_id, areas=[area])

    def party(
        self,
        community: Place,
        label: str,
        trade: str,
        *,
        areas: list[Place],
        user_id: UUID | None = None,
        person_id: UUID | None = None,
        is_unit: bool = False,
        serves: str = "",
    ) -> UUID:
        """Write a party; `serves` is its trade in the table of texts, which names its categories."""
        new = self.id()
        who = {"user_id": user_id, "person_id": person_id, "is_unit": is_unit, "active": True, "version": 1}
        self.rows["party"].append({"id": new, "community_id": community.id, "label": label, "trade": trade} | who)
        self.rows["party_area"] += [{"party_id": new, "area_id": area.id} for area in areas]
        wanted = sorted({(t.top, t.child) for t in THEMES if t.trade == serves})
        found = [self.categories[pair] for pair in wanted if pair in self.categories]
        self.rows["party_category"] += [{"party_id": new, "category_id": category} for category in found]
        return new

    def handler(self, community: Place, trade: str, label: str, work: str, is_unit: bool) -> Handler:
        person = self.person(community, label, f"0000-555{next(self._offices):04d}")
        areas = [community]
        party = self.party(community, label, work, areas=areas, person_id=person, is_unit=is_unit, serves=trade)
        return Handler(party, label)

    def name(self) -> str:
        return self.chance.one(_SURNAMES) + self.chance.one(_GIVEN)

    def resident(self, community: Place, call: str = "", home: Place | None = None, door: str = "") -> Resident:
        home = home or self.chance.one(community.under(Level.UNIT))
        door = door or f"{self.chance.randint(1, 6)}0{self.chance.randint(1, 2)}"
        name = call[0] + self.chance.one(_GIVEN) if call else self.name()
        address = f"{home.parent.name if home.parent else ''}{home.name}{door}"
        return Resident(self.person(community, name, self.mobile(), home, address), call, home, address)


def _grant(role: Role, area: Place) -> Grant:
    community = area.above(Level.COMMUNITY)
    reached = [community] if community else area.under(Level.COMMUNITY)
    return Grant(role, area.id, area.path, area.level, frozenset(place.id for place in reached))


def form_teams(census: Census, street: Place, shares: tuple[Share, ...]) -> list[Team]:
    census.user("管理员", Role.ADMIN, street, demo=True)
    census.user("郑主任", Role.LEADER, street, demo=True)
    teams = zip(street.children, shares, _HANDLERS[: len(shares)], strict=True)
    return [_team(census, place, share, handlers, first=not i) for i, (place, share, handlers) in enumerate(teams)]


def _team(
    census: Census, community: Place, share: Share, handlers: Mapping[str, tuple[str, str, bool]], *, first: bool
) -> Team:
    team = Team(community, first)
    names = _staff_names(first, census.chance)
    team.office = [census.user(name, Role.COORDINATOR, community, demo=name == "李敏") for name in names["office"]]
    team.secretary = [census.user(f"{names['书记'][0]}书记", Role.SECRETARY, community, demo=first)]
    for i, grid in enumerate(community.children):
        demo = first and not i
        team.leads[grid.id] = census.user(f"{names['网格长'][i]}网格长", Role.GRID_LEAD, grid, demo=demo)
        team.workers[grid.id] = census.user(f"{names['网格员'][i]}网格员", Role.GRID_WORKER, grid, demo=demo)
    for i, building in enumerate(_headed(community, share.building_heads)):
        head = census.user(f"{names['楼长'][i]}楼长", Role.BUILDING_HEAD, building, demo=first and not i)
        team.heads[building.id] = head
    for trade, (label, work, is_unit) in handlers.items():
        team.handlers[trade] = census.handler(community, trade, label, work, is_unit)
    _join(census, team, share, first=first)
    return team


def _staff_names(first: bool, chance: Chance) -> dict[str, list[str]]:
    """Draw surnames, no two alike in one post; the first community has its fixed cast."""
    posts = ("书记", "网格长", "网格员", "楼长")
    drawn = {post: chance.sample(_SURNAMES, len(_SURNAMES)) for post in posts}
    if not first:
        office = zip(chance.sample(_SURNAMES, 2), chance.sample(_GIVEN, 2), strict=True)
        return drawn | {"office": ["".join(name) for name in office]}
    fixed = dict(zip(posts, "周吴陈孙", strict=True))
    return {post: [fixed[post], *names] for post, names in drawn.items()} | {"office": ["李敏", "何静"]}


def _headed(community: Place, number: int) -> list[Place]:
    """Choose the buildings with a head: 3号楼 first, where the story plays, then every other one."""
    buildings = community.under(Level.BUILDING)
    return [buildings[2], *buildings[5::2]][:number]


def _join(census: Census, team: Team, share: Share, *, first: bool) -> None:
    community = team.community
    for i in range(share.volunteers):
        name = "赵阿姨" if first and not i else census.name()
        person = census.person(community, name, census.mobile())
        team.helpers.append(person)
        if i < share.volunteer_users:
            demo = first and not i
            team.volunteers.append(census.user(name, Role.VOLUNTEER, community, demo=demo, person_id=person))
    fixed = [_fixed_elder(census, community, *known) for known in _FIXED_ELDERS] if first else []
    calls = [census.chance.one(_SURNAMES) + census.chance.one(_ELDER_CALLS) for _ in range(share.elders - len(fixed))]
    team.elders = [*fixed, *(census.resident(community, call) for call in calls)]
    team.residents = [census.resident(community) for _ in range(share.residents)]


def _fixed_elder(census: Census, community: Place, call: str, building: str, unit: str, door: str) -> Resident:
    return census.resident(community, call, unit_of(community, building, unit), door)


def unit_of(community: Place, building: str, unit: str) -> Place:
    units = community.under(Level.UNIT)
    return next(u for u in units if u.name == unit and u.parent and u.parent.name == building)
