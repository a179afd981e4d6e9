"""Areas: street → community → grid → building → unit, as a materialised path."""

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
CHILD_OF = dict(zip(list(Level)[1:], list(Level), strict=False))


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


def path_of(parent_path: str, area_id: UUID) -> str:
    """Extend the parent's path; ids end in random bits, so the last twelve digits tell areas apart."""
    return f"{parent_path or '/'}{area_id.hex[-12:]}/"


def check_parent(level: Level, parent: Area | None) -> None:
    wanted = CHILD_OF.get(level)
    if (parent.level if parent else None) != wanted:
        above = LEVEL_LABELS[wanted] if wanted else "最上级"
        raise Invalid(f"{LEVEL_LABELS[level]}应建在{above}之下。", field="parent_id")
