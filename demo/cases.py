"""What comes up: a matter, a place and a person, drawn by season, weather and hour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from db.categories import SHIPPED
from demo import texts
from demo.chance import Chance
from demo.histories import Case
from demo.people import Resident, Team
from demo.places import Place
from demo.texts import Theme
from domain.access import Actor
from domain.areas import Level
from domain.care import code_text
from domain.due import Grade, Matter
from domain.tickets import Channel, Kind

Categories = Mapping[tuple[str, str], UUID]

_HOT, _COLD = frozenset({6, 7, 8, 9}), frozenset({11, 12, 1, 2, 3})
_POSTS = ("小区东门", "中心花园", "西侧车棚旁", "地下车库入口", "篮球场边", "北门快递柜旁", "幼儿园路口")
_CHANNELS = {
    Channel.PHONE: 34,
    Channel.WECHAT: 22,
    Channel.VISIT: 10,
    Channel.PATROL: 13,
    Channel.BUILDING_HEAD: 6,
    Channel.APP: 7,
    Channel.WEB: 3,
    Channel.HOTLINE: 3,
    Channel.QQ: 2,
}
_ASKED = {Channel.PHONE: 60, Channel.VISIT: 15, Channel.BUILDING_HEAD: 15, Channel.WECHAT: 10}
_AT_NIGHT = {Channel.PHONE: 30, Channel.WECHAT: 45, Channel.APP: 20, Channel.HOTLINE: 5}
_WRITTEN = {Channel.WEB: 40, Channel.APP: 30, Channel.WECHAT: 30}


@dataclass(frozen=True)
class Weather:
    """Which of the days were wet: drawn once, so that leaks and puddles come together."""

    wet: frozenset[date]

    @classmethod
    def of(cls, last: date, days: int, chance: Chance) -> "Weather":
        each = (last - timedelta(days=n) for n in range(days + 1))
        return cls(frozenset(d for d in each if chance.happens(0.34 if d.month in _HOT else 0.16)))

    def weight(self, day: date) -> float:
        """Say how much comes in on a day: more on Mondays, in the heat and after rain."""
        week = 1.3 if day.weekday() == 0 else 0.7 if day.weekday() >= 5 else 1.0
        return week * (1.25 if day.month in _HOT else 1) * (1.8 if day in self.wet else 1)

    def suits(self, theme: Theme, day: date) -> float:
        share = 1.0
        if "hot" in theme.marks:
            share *= 3 if day.month in _HOT else 0.1
        if "cold" in theme.marks:
            share *= 3 if day.month in _COLD else 0.1
        if "rain" in theme.marks:
            share *= 7 if day in self.wet else 0.2
        return share


class Cases:
    """Draws the cases of one community."""

    def __init__(self, team: Team, categories: Categories, weather: Weather, chance: Chance) -> None:
        self.team, self.categories, self.weather, self.chance = team, categories, weather, chance
        self._units = team.community.under(Level.UNIT)

    def draw(self, day: date, *, night: bool = False, wanted: Callable[[Theme], bool] = lambda _: True) -> Case:
        themes = texts.SERVICES if self.chance.happens(0.13) else texts.REPORTS
        fitting = [t for t in themes if wanted(t)] or [t for t in texts.REPORTS if wanted(t)]
        theme = self.chance.weighted({t: self.weather.suits(t, day) for t in fitting})
        return self.of(theme, night=night)

    def of(self, theme: Theme, *, night: bool = False, channel: Channel | None = None) -> Case:
        elder = self.chance.one(self.team.elders)
        resident = (
            elder if "{elder}" in theme.title or _is_of_elder(theme) or theme.kind == "service" else self._resident()
        )
        if channel is None:
            channel = self.chance.weighted(_ASKED if theme.kind == "service" else _AT_NIGHT if night else _CHANNELS)
        place, address = self._where(theme, resident)
        return self.make(theme, resident, place, address, channel)

    def make(self, theme: Theme, resident: Resident, place: Place, address: str, channel: Channel) -> Case:
        said = {"f": self.chance.randint(2, 6), "elder": resident.call}
        if _is_of_elder(theme):
            said["code"], address = self._code(resident, place), ""
        is_alert = theme.kind == "alert"
        found_by_staff = is_alert or channel is Channel.PATROL
        return Case(
            title=theme.title.format(**said),
            told=theme.told.format(**said),
            done=theme.done,
            trade=theme.trade,
            place=place,
            address=address,
            kind=Kind(theme.kind),
            grade=_grade(theme),
            matter=Matter.BIG if "big" in theme.marks else SHIPPED[theme.top][0],
            category_id=self.categories[theme.top, theme.child],
            channel=Channel.SYSTEM if is_alert else channel,
            reporter_id=None if found_by_staff else resident.id,
            registrar=None if is_alert else self._registrar(channel, place),
            takes_days=theme.kind == "service" or "slow" in theme.marks,
        )

    def _code(self, elder: Resident, place: Place) -> str:
        """Name an elder as the program's own alerts do: by building and code, whoever may read it."""
        building = place.above(Level.BUILDING)
        return f"{building.name if building else place.name} {code_text(self.team.elders.index(elder) + 1)}"

    def plain(self, title: str, told: str) -> Case:
        """Make a case that nobody has sorted yet: a message in writing."""
        resident, channel = self._resident(), self.chance.weighted(_WRITTEN)
        theme = Theme("report", "其他", "", title, told, "已回复居民，列入下月议事会。", "社区", frozenset())
        place, address = self._where(theme, resident)
        return Case(
            *(title, told, theme.done, theme.trade, place, address, Kind.REPORT, Grade.NORMAL),
            *(None, None, channel, resident.id, self.chance.one(self.team.office), False),
            sorted_as=self.categories["维修", "公共设施"],
        )

    def _resident(self) -> Resident:
        return self.chance.one(self.team.residents)

    def _where(self, theme: Theme, resident: Resident) -> tuple[Place, str]:
        if "post" in theme.marks:
            return self.chance.one(self.team.community.children), self.chance.one(_POSTS)
        building = resident.home.parent.name if resident.home.parent else ""
        at_door = theme.kind != "report" and theme.top == "民生服务"
        return resident.home, resident.address if at_door else f"{building}{resident.home.name}"

    def _registrar(self, channel: Channel, place: Place) -> Actor:
        grid, building = place.above(Level.GRID), place.above(Level.BUILDING)
        if channel is Channel.BUILDING_HEAD and building and building.id in self.team.heads:
            return self.team.heads[building.id]
        if channel in (Channel.PATROL, Channel.BUILDING_HEAD) and grid:
            return self.team.workers[grid.id]
        return self.chance.one(self.team.office)


def _is_of_elder(theme: Theme) -> bool:
    return "{code}" in theme.title


def _grade(theme: Theme) -> Grade:
    if theme.kind == "alert":
        return Grade.URGENT
    return Grade.FAST if "fast" in theme.marks else Grade.HARD if "hard" in theme.marks else Grade.NORMAL
