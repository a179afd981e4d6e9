"""Chance with a seed: the same seed gives the same draws, ids included."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")
_VERSION, _VARIANT = 7 << 76, 2 << 62


class Chance(random.Random):
    """One stream of draws; each part of the demo has its own, so that one does not shift another."""

    def __init__(self, *parts: object) -> None:
        super().__init__("/".join(map(str, parts)))

    def id(self, at: datetime) -> UUID:
        """Make a UUIDv7 of that moment whose random bits come from the seed."""
        stamp = int(at.timestamp() * 1000) << 80
        return UUID(int=stamp | _VERSION | self.getrandbits(12) << 64 | _VARIANT | self.getrandbits(62))

    def happens(self, share: float) -> bool:
        return self.random() < share

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.randrange(len(choices))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        return self.choices(list(weights), list(weights.values()))[0]
