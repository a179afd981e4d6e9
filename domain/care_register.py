"""The register as the desk works on it: what blocks tomorrow, how much everybody has, the month's visits."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.care import Duty, Sign, Slot, Tier
from domain.kpis import Figure

REMIND_FROM_DAY = 20  # of the month: who has not been visited then stands at the top


class Gap(StrEnum):
    """What keeps an elder from being looked in on tomorrow, or from being found in an emergency."""

    NO_CONSENT = "no_consent"
    NO_SLOT = "no_slot"
    NOBODY = "nobody"
    NO_PRIMARY = "no_primary"
    NO_BACKUP = "no_backup"
    NO_CONTACT = "no_contact"


GAP_LABELS = {
    Gap.NO_CONSENT: "无同意书",
    Gap.NO_SLOT: "未定时段",
    Gap.NOBODY: "无人看的时段",
    Gap.NO_PRIMARY: "无主责",
    Gap.NO_BACKUP: "无备份",
    Gap.NO_CONTACT: "无联系人",
}

_LACKING = {
    Gap.NO_CONSENT: "同意书",
    Gap.NO_SLOT: "时段",
    Gap.NOBODY: "主责和备份",
    Gap.NO_PRIMARY: "主责",
    Gap.NO_BACKUP: "备份",
    Gap.NO_CONTACT: "联系人",
}


def outlook(missing: tuple[Gap, ...]) -> str:
    """Say truly whether the rounds begin as things stand, and what is still missing."""
    if not missing:
        return "同意书、时段、主责、备份和联系人都齐了，从下一个时段起巡看。"
    lacking = "、".join(_LACKING[gap] for gap in missing)
    if Gap.NO_CONSENT in missing or Gap.NO_SLOT in missing:
        return f"还不会安排巡看，还缺{lacking}。"
    if Gap.NOBODY in missing:
        return f"还没有人去看，还缺{lacking}。"
    return f"从下一个时段起巡看，还缺{lacking}。"


@dataclass(frozen=True)
class Entry:
    """An elder on the register: a code and a building, never a name."""

    id: UUID
    code: str
    building: str
    grid: str
    tier: Tier
    sign: Sign
    slots: tuple[Slot, ...]
    lookers: dict[Duty, tuple[UUID, str]]
    contacts: int
    consented_on: date | None
    joined_on: date
    visited_on: date | None
    gaps: tuple[Gap, ...]

    def looker(self, duty: Duty) -> str:
        held = self.lookers.get(duty)
        return held[1] if held else ""


@dataclass(frozen=True)
class Load:
    """A volunteer with how many elders are theirs."""

    user_id: UUID
    name: str
    primary: int
    backup: int


@dataclass(frozen=True)
class Cover:
    """Looks of a span that were owed by one grid or volunteer, and what became of them."""

    name: str
    owed: int  # past their deadline; those excused are not among them
    seen: int  # by somebody, whatever they saw
    late: int  # nobody had looked when the grace was over
    excused: int

    @property
    def share(self) -> float | None:
        return self.seen / self.owed if self.owed else None


@dataclass(frozen=True)
class Visits:
    """月探访率 with who is behind it."""

    month: date
    rate: Figure
    by_phone: int  # of those visited, the ones only telephoned
    missing: tuple[Entry, ...]
    left_out: int  # on the register, but not to be visited this month


def gaps(*, consented: bool, slots: bool, primary: bool, backup: bool, contacts: bool) -> tuple[Gap, ...]:
    """Name what is missing, what stops the rounds first."""
    nobody = slots and not primary and not backup
    missing = {
        Gap.NO_CONSENT: not consented,
        Gap.NO_SLOT: not slots,
        Gap.NOBODY: nobody,
        Gap.NO_PRIMARY: not primary and not nobody,
        Gap.NO_BACKUP: not backup and not nobody,
        Gap.NO_CONTACT: not contacts,
    }
    return tuple(gap for gap, is_missing in missing.items() if is_missing)
