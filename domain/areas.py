"""Areas: street → community → grid → building → unit, as a materialised path."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.errors import Invalid


class Level(StrEnum):
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BUILDING = "building"
    UNIT = "unit"


LEVEL_LABELS = {
    Level.STREET: "街道",
    Level.COMMUNITY: "社区",
    Level.GRID: "网格",
    Level.BUILDING: "楼栋",
    Level.UNIT: "单元",
}
# where an import into an empty installation lands; made by the first migration
UNSORTED_STREET = UUID("01900000-0000-7000-8000-0000000000a1")
UNSORTED_COMMUNITY = UUID("01900000-0000-7000-8000-0000000000a2")
UNSORTED = "未分区"
UNSORTED_AREAS = frozenset({UNSORTED_STREET, UNSORTED_COMMUNITY})
CHILD_OF = dict(zip(list(Level)[1:], list(Level), strict=False))
PARENT_TO_CHILD = {parent: child for child, parent in CHILD_OF.items()}
LONGEST_NAME, LONGEST_CODE, MOST_LINES, MOST_UNITS = 60, 20, 500, 30
_HAN_DIGITS = "零一二三四五六七八九"
HAN_NUMBER = r"[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_COUNTED = re.compile(r"(?P<name>.+?)[\s,，、]+(?P<units>\d+)(?:个?单元)?(?:[\s,，、]+(?P<households>\d+)户?)?")
_ENDS_IN_NUMBERS = re.compile(r".+[\s,，、]+\d+(?:个?单元|户)?")


@dataclass(frozen=True)
class Batch:
    """What became of a list of names: how many were made, and each bad line with its reason."""

    made: int
    refused: tuple[tuple[int, str, str], ...]  # line number, the line, why
    units: int = 0  # made below the buildings among them


@dataclass(frozen=True)
class Line:
    """One line of such a list: 1号楼 4 60 is a building of four units and sixty households."""

    name: str
    units: int = 0
    households: int | None = None


@dataclass(frozen=True)
class Area:
    id: UUID
    parent_id: UUID | None
    level: Level
    name: str
    code: str
    path: str
    community_id: UUID | None
    valid_to: datetime | None = None
    version: int = 1
    households: int | None = None

    @property
    def level_below(self) -> Level | None:
        return PARENT_TO_CHILD.get(self.level)

    @property
    def depth(self) -> int:
        return list(Level).index(self.level)


def full_names(listed: Iterable[Area]) -> dict[UUID, str]:
    """Name each area with what it lies in, from the community down: 桂花社区 / 一网格 / 3号楼."""
    names: dict[UUID, str] = {}
    for area in listed:
        above = names.get(area.parent_id, "") if area.parent_id and area.level is not Level.COMMUNITY else ""
        names[area.id] = f"{above} / {area.name}" if above else area.name
    return names


def natural_order(name: str) -> list[tuple[int, str]]:
    """Give the key that sorts 4号楼 before 10号楼, 二网格 before 三网格."""
    return [_number_and_words(part) for part in re.split(rf"(\d+|{HAN_NUMBER})", name) if part]


def _number_and_words(part: str) -> tuple[int, str]:
    if part.isdecimal():
        return int(part), part
    return (han_number(part), part) if re.fullmatch(HAN_NUMBER, part) else (-1, part)


def han_number(han: str) -> int:
    """Read a number below a hundred as it is spoken: 二十三."""
    tens, ten, ones = han.rpartition("十")
    value = _HAN_DIGITS.index(ones) if ones else 0
    return value + (10 * (_HAN_DIGITS.index(tens) if tens else 1) if ten else 0)


def path_of(parent_path: str, area_id: UUID) -> str:
    """Extend the parent's path; ids end in random bits, so the last twelve digits tell areas apart."""
    return f"{parent_path or '/'}{area_id.hex[-12:]}/"


def check_name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"请填写辖区名称，最多 {LONGEST_NAME} 个字。", field="name")
    return name


def check_code(text: str) -> str:
    code = text.strip().upper()
    if len(code) > LONGEST_CODE or any(c.isspace() for c in code):
        raise Invalid(f"编码最多 {LONGEST_CODE} 位，中间不带空格。", field="code")
    return code


def read_line(level: Level, text: str) -> Line:
    """Understand a line; one whose numbers could mean anything is refused, not taken for a name."""
    if not _ENDS_IN_NUMBERS.fullmatch(text):
        return Line(text)
    if level is not Level.BUILDING:
        raise Invalid("名称后面的数字看不明白：请每行只写名称，户数添加以后再填。", field="text")
    found = _COUNTED.fullmatch(text)
    if found is None or _ENDS_IN_NUMBERS.fullmatch(found["name"]):
        raise Invalid("看不明白：请写“名称 单元数 户数”，例如“1号楼 4 60”，后两项可不写。", field="text")
    units, households = int(found["units"]), found["households"]
    if not 1 <= units <= MOST_UNITS:
        raise Invalid(f"单元数请填 1 到 {MOST_UNITS}；格式是“名称 单元数 户数”。", field="text")
    return Line(found["name"], units, check_households(int(households) if households else None))


def check_households(count: int | None) -> int | None:
    if count is not None and not 0 <= count <= 1_000_000:
        raise Invalid("户数请填 0 到 1000000 之间的整数。", field="households")
    return count


def check_parent(level: Level, parent: Area | None) -> None:
    wanted = CHILD_OF.get(level)
    if (parent.level if parent else None) != wanted:
        above = LEVEL_LABELS[wanted] if wanted else "最上级"
        raise Invalid(f"{LEVEL_LABELS[level]}应建在{above}之下。", field="parent_id")
