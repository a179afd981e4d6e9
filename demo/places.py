"""Made-up places: one street, its communities, their grids, buildings and units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from demo.chance import Chance
from domain.areas import Level, path_of

STREET = "梧桐街道"
COMMUNITIES = tuple(
    (f"{name}社区", code)
    for name, code in (
        *(("桂花", "GH"), ("海棠", "HT"), ("银杏", "YX"), ("玉兰", "YL"), ("丁香", "DX"), ("紫薇", "ZW")),
        *(("石榴", "SL"), ("芙蓉", "FR"), ("木槿", "MJ"), ("腊梅", "LM"), ("茉莉", "ML"), ("蔷薇", "QW")),
        *(("月季", "YJ"), ("杜鹃", "DJ"), ("山茶", "SC"), ("樱花", "YH"), ("枫林", "FL"), ("香樟", "XZ")),
        *(("青松", "QS"), ("翠竹", "CZ"), ("白杨", "BY"), ("垂柳", "CL"), ("槐荫", "HY"), ("合欢", "HH")),
        *(("荷塘", "HE"), ("兰亭", "LT"), ("菊园", "JY")),
    )
)
_NUMERALS = "一二三四五六七八九十"


@dataclass
class Place:
    """An area as the generator walks it; `households` of the lowest level add up."""

    id: UUID
    parent: "Place | None"
    level: Level
    name: str
    code: str
    path: str
    sort: int
    households: int = 0
    children: list["Place"] = field(default_factory=list)

    def above(self, level: Level) -> "Place | None":
        here: Place | None = self
        while here is not None and here.level is not level:
            here = here.parent
        return here

    def under(self, level: Level) -> list["Place"]:
        return [place for place in walk(self) if place.level is level]

    def ticket_columns(self) -> dict[str, Any]:
        """Give what a ticket keeps of its place, as `db.areas.place_columns` does."""
        found = {level: self.above(level) for level in (Level.COMMUNITY, Level.GRID, Level.BUILDING)}
        ids = {level: place.id if place else None for level, place in found.items()}
        return {
            "area_id": self.id,
            "area_path": self.path,
            "community_id": ids[Level.COMMUNITY],
            "grid_id": ids[Level.GRID],
            "building_id": ids[Level.BUILDING],
        }


def walk(place: Place) -> Iterator[Place]:
    yield place
    for child in place.children:
        yield from walk(child)


def build(chance: Chance, made_at: datetime, *, grids: Sequence[int], buildings: int) -> Place:
    """Build the street: for each community its number of grids, and so many buildings a grid."""

    def add(parent: Place | None, level: Level, name: str, code: str = "") -> Place:
        new = chance.id(made_at)
        path = path_of(parent.path if parent else "", new)
        place = Place(new, parent, level, name, code, path, len(parent.children) if parent else 0)
        if parent:
            parent.children.append(place)
        return place

    street = add(None, Level.STREET, STREET, "WT")
    for (name, code), number in zip(COMMUNITIES, grids, strict=False):
        community = add(street, Level.COMMUNITY, name, code)
        for g in range(number):
            grid_name = f"{name.removesuffix('社区')}{_numeral(g + 1)}网格"
            grid = add(community, Level.GRID, grid_name, f"{code}{g + 1:02d}")
            for b in range(g * buildings + 1, (g + 1) * buildings + 1):
                building = add(grid, Level.BUILDING, f"{b}号楼")
                for u in range(1, (4 if b % 2 else 3) + 1):
                    add(building, Level.UNIT, f"{u}单元").households = chance.randint(19, 38)
    _sum_households(street)
    return street


def _numeral(number: int) -> str:
    return _NUMERALS[number - 1] if number <= 10 else str(number)


def _sum_households(place: Place) -> int:
    if place.children:
        place.households = sum(_sum_households(child) for child in place.children)
    return place.households


def rows(street: Place) -> list[dict[str, Any]]:
    return [
        {
            "id": place.id,
            "parent_id": place.parent.id if place.parent else None,
            "community_id": community.id if (community := place.above(Level.COMMUNITY)) else None,
            "level": place.level.value,
            "name": place.name,
            "code": place.code,
            "path": place.path,
            "households": place.households,
            "sort": place.sort,
            "version": 1,
        }
        for place in walk(street)
    ]
