"""How much of what: one frozen plan a size. A larger size is another plan, not other code."""

from dataclasses import dataclass
from datetime import timedelta

SERVED_DAYS = 3 * 365  # the ledger is younger than the oldest tickets


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

    @property
    def tickets(self) -> int:
        return self.todo + self.doing + self.follow_up + self.closed


@dataclass(frozen=True)
class Share:
    """One community's part of everything; its board is made exactly, the rest of its tickets by chance."""

    tickets: int  # those played one by one
    volunteers: int
    volunteer_users: int
    elders: int
    residents: int
    building_heads: int
    screen: Screen


@dataclass(frozen=True)
class Service:
    """What a community's helpers come to, older years included: so many hours, over so many days."""

    hours: int = 0  # 0: what the last months happen to give
    days: int = 0


LATELY = Service()


@dataclass(frozen=True)
class Plan:
    grids: tuple[int, ...]  # of each community
    buildings: int  # a grid
    days: int
    shares: tuple[Share, ...]
    cast: int = 0  # past tickets cast from moulds, beside those played one by one
    brief: bool = False  # the past as it came over from an older system: three events a ticket
    hours: int = 0  # of service, by all volunteers of a large demo

    @property
    def span(self) -> timedelta:
        return timedelta(days=self.days)

    @property
    def tickets(self) -> int:
        return sum(share.tickets for share in self.shares) + self.cast

    def service(self, share: Share) -> Service:
        helpers = sum(one.volunteers for one in self.shares)
        return Service(self.hours * share.volunteers // helpers, min(self.days, SERVED_DAYS))


def town(tickets: int, *, years: int, brief: bool = False) -> Plan:
    """Plan 27 communities with 269 grids; the first shows 3,000 open tickets however long the past."""
    grids = (*(10,) * 26, 9)
    busy, calm = Screen(700, 1900, 400, 600, 240, 400, 45), Screen(14, 36, 10, 100, late=4, today=12, closed_today=8)
    shares = (
        Share(3600, 98, 20, 42, 200, 5, busy),
        *(Share(160, 92, 12, 43, 200, 5, calm) for _ in grids[1:]),
    )
    played = sum(share.tickets for share in shares)
    return Plan(grids, 5, years * 365, shares, cast=max(tickets - played, 0), brief=brief, hours=60_000)


PLANS = {
    "demo": Plan(
        grids=(4, 4, 4),
        buildings=5,
        days=90,
        shares=(
            Share(300, 60, 12, 36, 90, 5, Screen(9, 21, 5, 60, late=3, today=8, closed_today=12)),
            Share(160, 32, 6, 24, 50, 3, Screen(5, 11, 3, 32, late=2, today=4, closed_today=6)),
            Share(140, 28, 6, 20, 45, 3, Screen(4, 9, 3, 27, late=1, today=4, closed_today=5)),
        ),
    ),
    "city": town(1_000_000, years=3),
    "large": town(10_000_000, years=8, brief=True),
}
