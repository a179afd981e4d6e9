"""What looks and signals say together: a table, no model.

More good news never makes it worse, more bad news never better, and neither order nor repetition counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from domain.care import Look


class Evidence(StrEnum):
    CONCLUSIVE = "conclusive"  # C3: talked, or face to face
    STRONG = "strong"  # C2: the sign is there, "我很好"
    WEAK = "weak"  # C1: water, power, a phone
    NO_SIGN = "no_sign"  # N: somebody looked, and it was not there
    NO_LIFE = "no_life"  # N: a device saw nothing for hours
    HELP = "help"


class Level(IntEnum):
    """How much there is to worry about."""

    SAFE = 0
    DELAY = 1  # not yet known, and the alarm waits a little
    UNKNOWN = 2
    VERIFY = 3  # one speaks against another, or a device alone
    ALERT = 4
    URGENT = 5  # two of a different kind: no time to wait for the looker's call
    EMERGENCY = 6


# what says nothing about the elder (看不清, a device that is off) is not here
EVIDENCE_OF = {
    Look.TALKED: Evidence.CONCLUSIVE,
    Look.OK: Evidence.STRONG,
    Look.FINE: Evidence.STRONG,
    Look.WEAK: Evidence.WEAK,
    Look.CLOSED: Evidence.NO_SIGN,
    Look.NONE: Evidence.NO_LIFE,
    Look.HELP: Evidence.HELP,
}


@dataclass(frozen=True)
class Verdict:
    level: Level
    no_sign: bool = False  # somebody saw that the sign is not there, and nobody has talked to the elder
    unclear: bool = False  # somebody could not tell, or the evidence speaks against itself


def weigh(looks: Iterable[Look]) -> Verdict:
    """Judge what was seen in one window, undone looks left out."""
    seen = frozenset(looks)
    found = frozenset(EVIDENCE_OF[look] for look in seen if look in EVIDENCE_OF)
    level = level_of(found)
    torn = level is Level.VERIFY and Evidence.STRONG in found
    return Verdict(
        level,
        no_sign=Evidence.NO_SIGN in found and Evidence.CONCLUSIVE not in found,
        unclear=level > Level.SAFE and (torn or Look.UNCLEAR in seen),
    )


def level_of(found: frozenset[Evidence]) -> Level:
    if Evidence.HELP in found:
        return Level.EMERGENCY
    if Evidence.CONCLUSIVE in found:
        return Level.SAFE
    if against := found & {Evidence.NO_SIGN, Evidence.NO_LIFE}:
        return _against(against, softened=bool(found & {Evidence.STRONG, Evidence.WEAK}))
    if Evidence.STRONG in found:
        return Level.SAFE
    return Level.DELAY if Evidence.WEAK in found else Level.UNKNOWN


def _against(against: frozenset[Evidence], *, softened: bool) -> Level:
    """Good signs soften bad ones by a step; they never do away with them."""
    alone = {1: Level.ALERT, 2: Level.URGENT}[len(against)]
    if against == {Evidence.NO_LIFE}:
        return Level.VERIFY  # a device alone is no reason to knock
    return Level(alone - 1) if softened else alone
