"""Is what is being told already known? Scored openly: every match says why it is one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.clock import local_date
from domain.intake import unit_in

WITHIN = timedelta(days=30)  # what was reported longer ago is asked after, not reported again
SHOWN = 3
_NEAR = 3  # of a place: the same building or spot; a grid counts 1
_HAN = re.compile(r"[\u4e00-\u9fff]{2,40}")
# what says nothing about the matter: places, people, that something is wrong
_EMPTY = re.compile(
    r"号楼|单元|楼道|楼上|楼下|楼里|门口|附近|旁边|小区|社区|街道|网格|居民|业主|邻居|物业|我家|家里"
    r"|有人|没人|没有|一直|现在|今天|昨天|晚上|早上|这里|那里|问题|反映|希望|处理|请问|麻烦|尽快|帮忙|我们|你们|他们|这个|那个"
    r"|坏了|坏掉|怎么|什么|需要|可以|还是|[又的了在是有被把很都也请不没楼]"
)
# of an address: what every address has
_ANYWHERE = re.compile(
    r"[\u4e00-\u9fff]{1,6}(?:小区|社区|花园|家园|新村|公寓)|号楼|单元|小区|社区|街道|网格|附近|旁边|门口|里面|对面|楼道|[室层楼栋幢座号]"
)


@dataclass(frozen=True)
class Told:
    """What is compared: a report being written, or an open ticket."""

    building_id: UUID | None
    grid_id: UUID | None
    address: str
    category_id: UUID | None
    title: str


@dataclass(frozen=True)
class Match:
    score: int
    strong: bool  # the same place and the same matter: asked about before registering anew
    reasons: tuple[str, ...]


def match(new: Told, known: Told, reported_at: datetime, *, now: datetime) -> Match | None:
    """Compare by place, matter and age; None unless place and matter both speak for it."""
    near, where = _place(new, known)
    alike, what, words = _matter(new, known)
    apart = near < _NEAR or _other_units(new.address, known.address)
    if apart and not words:  # one category holds much: a blocked drain and a downpipe that came off
        return None
    # in one grid but not known to be one building, the matter has to be clearly the same
    wanted = 1 if near == _NEAR else 2 if None in (new.building_id, known.building_id) else 3
    if not near or alike < wanted or now - reported_at > WITHIN:
        return None
    strong = not apart and alike >= 2
    return Match(near + alike, strong, (*where, *what, _age(reported_at, now)))


def _place(new: Told, known: Told) -> tuple[int, tuple[str, ...]]:
    if new.building_id and new.building_id == known.building_id:
        return _NEAR, ("同一栋楼",)
    apart = (new.building_id and known.building_id) or _other_numbers(new.address, known.address)
    if not apart and (spot := shared(new.address, known.address, _ANYWHERE)):
        return _NEAR, (f"都在“{spot}”",)
    return (1, ("同一网格",)) if new.grid_id and new.grid_id == known.grid_id else (0, ())


def _matter(new: Told, known: Told) -> tuple[int, tuple[str, ...], str]:
    same = new.category_id is not None and new.category_id == known.category_id
    words = shared(new.title, known.title)
    said = (*(("同一类别",) if same else ()), *((f"都说到“{words}”",) if words else ()))
    return 2 * same + min(len(words), 3) // 2 + (len(words) > 2), said, words


def shared(one: str, other: str, empty: re.Pattern[str] = _EMPTY) -> str:
    """Find the longest run of characters that both say, two or more and not empty words only."""
    theirs = " ".join(_HAN.findall(other))
    parts = (part for run in _HAN.findall(one) for part in _parts(run) if part in theirs)
    return max((part for part in parts if empty.sub("", part)), key=len, default="")


def _parts(run: str) -> Iterable[str]:
    return (run[start:end] for start in range(len(run) - 1) for end in range(start + 2, len(run) + 1))


def _other_numbers(one: str, other: str) -> bool:
    """Tell whether both name a number first, and not the same: 3号楼, 5号楼."""
    first = [re.search(r"\d+", text) for text in (one, other)]
    return all(first) and len({found.group() for found in first if found}) > 1


def _other_units(one: str, other: str) -> bool:
    units = unit_in(one), unit_in(other)
    return all(units) and units[0] != units[1]


def _age(reported_at: datetime, now: datetime) -> str:
    days = (local_date(now) - local_date(reported_at)).days
    return {0: "今天反映", 1: "昨天反映"}.get(days, f"{days} 天前反映")
