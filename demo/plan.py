"""How much of what: one frozen plan a size. A larger size is another plan, not other code."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class Screen:
    """What a community's board shows at the moment of making."""

    todo: int
    doing: int
    follow_up: int
    closed: int  # in the last fourteen days
    late: int
    today: int
    closed_today: int  # by the evening; in the morning fewer


@dataclass(frozen=True)
class Share:
    """One community's part of everything; its board is made exactly, the rest of its tickets by chance."""

    tickets: int
    volunteers: int
    volunteer_users: int
    elders: int
    residents: int
    building_heads: int
    screen: Screen


@dataclass(frozen=True)
class Plan:
    grids: int  # a community
    buildings: int  # a grid
    days: int
    shares: tuple[Share, ...] = field(default_factory=tuple)

    @property
    def span(self) -> timedelta:
        return timedelta(days=self.days)


PLANS = {
    "demo": Plan(
        grids=4,
        buildings=5,
        days=90,
        shares=(
            Share(300, 60, 12, 36, 90, 5, Screen(9, 21, 5, 60, late=3, today=8, closed_today=12)),
            Share(160, 32, 6, 24, 50, 3, Screen(5, 11, 3, 32, late=2, today=4, closed_today=6)),
            Share(140, 28, 6, 20, 45, 3, Screen(4, 9, 3, 27, late=1, today=4, closed_today=5)),
        ),
    ),
}
