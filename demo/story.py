"""The few tickets that everybody meets on the first screen: 张奶奶, 王大爷, 王师傅, 陈网格员, 赵阿姨."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from demo import hours, lives, texts
from demo.care_register import is_look_on
from demo.histories import Case, History
from demo.lives import Move
from demo.people import Handler, Resident, unit_of
from demo.screens import DAY, Desk, Slot
from domain.access import Actor
from domain.areas import Level
from domain.tickets import Channel, PhotoStage, Satisfaction


def _photo(stage: PhotoStage, *names: str) -> Move:
    return Move(lambda history, at: history.photograph(at, stage, *names), 15)


class Story:
    def __init__(self, desk: Desk) -> None:
        self.desk, self.cases, self.chance = desk, desk.cases, desk.chance

    def open_work(self) -> Iterator[tuple[Slot, History]]:
        if is_look_on(self.desk.now):
            yield Slot("todo", "today"), self._curtain()
        yield Slot("todo", "today"), self._lamp()
        yield Slot("todo", "later"), self._medicine()
        yield Slot("doing", "late"), self._clutter()
        yield Slot("doing", "later"), self._door()
        yield Slot("doing", "later"), self._drilling()
        yield Slot("doing", "later"), self._talk()
        yield Slot("doing", "later"), self._phone_lesson()
        yield Slot("doing", "later"), self._handrail()
        yield Slot("doing", "later"), self._smoke()
        yield Slot("follow_up"), self._leak()

    def closed(self) -> Iterator[History]:
        yield self._shopping()
        yield self._fire_lane()

    def _curtain(self) -> History:
        zhang = self.cases.team.elders[0]
        at = (self.desk.now - timedelta(minutes=20)).replace(microsecond=0)
        return self.desk.play(self._of("{code} 未见平安信号，请核实", zhang, Channel.SYSTEM), at, [])

    def _lamp(self) -> History:
        case = self._at("楼道灯坏了", "3号楼", "2单元", Channel.PHONE)
        return self.desk.play(
            replace(case, told="三楼到四楼的灯不亮，晚上上下楼看不清。"), self.desk.this_morning(), []
        )

    def _medicine(self) -> History:
        case = self._of("陪{elder}去社区医院取药", self.cases.team.elders[1], Channel.PHONE)
        taken_on = lives.start(case, self.chance, claimed_by_volunteer=False)[:2]
        return self.desk.play(case, self.desk.days_ago(1, 1), taken_on)

    def _clutter(self) -> History:
        case = self._at("楼道堆物", "5号楼", "1单元", Channel.WECHAT, title="楼道堆物，消防通道被占")
        at = hours.daytime(self.desk.today - DAY, self.chance, 9, 10)
        moves = self._in_hand(case)
        moves += [Move(History.contact, 40), _photo(PhotoStage.BEFORE, "boxes", "bicycle"), Move(History.urge, 360)]
        return self.desk.play(case, at, moves)

    def _door(self) -> History:
        case = self._at("单元门禁失灵", "2号楼", "3单元", Channel.PHONE, title="单元门禁失灵，老人进不去")
        at = hours.daytime(self.desk.today - 5 * DAY, self.chance, 9, 10)
        moves = [Move(History.contact, 35), _photo(PhotoStage.BEFORE, "door"), Move(History.comment, 600)]
        return self.desk.play(case, at, [*self._in_hand(case), *moves])

    def _drilling(self) -> History:
        case = self._at("夜间装修", "4号楼", "2单元", Channel.WECHAT)
        at = hours.daytime(self.desk.today - 4 * DAY, self.chance, 21, 22)
        return self.desk.play(case, at, [*self._in_hand(case), Move(History.contact, 50)])

    def _talk(self) -> History:
        case = self._of("陪{elder}说说话", self.cases.team.elders[4], Channel.VISIT)
        claimed = Move(partial(History.volunteer, actor=self._zhao), 120)
        moves = [Move(History.accept, 9), Move(History.loosen, 2), claimed, Move(History.contact, 45)]
        return self.desk.play(case, hours.daytime(self.desk.today - 2 * DAY, self.chance, 9, 11), moves)

    def _phone_lesson(self) -> History:
        case = self._of("教{elder}用手机", self.cases.team.elders[2], Channel.PHONE)
        return self._waiting(case, self._zhao)

    def _handrail(self) -> History:
        case = self._at("扶手松动", "3号楼", "1单元", Channel.BUILDING_HEAD)
        return self._waiting(replace(case, takes_days=True), self._of_building("3号楼"))

    def _smoke(self) -> History:
        case = self._at("底商油烟上窗", "2号楼", "1单元", Channel.WECHAT)
        return self._waiting(case, next(iter(self.cases.team.workers.values())))

    def _leak(self) -> History:
        case = self._at("水管渗漏", "1号楼", "4单元", Channel.PHONE, title="水管渗漏已修复")
        return self.desk.resolved(replace(case, address="1号楼4单元301"))

    def _shopping(self) -> History:
        case = self._of("代购米面油", self.cases.team.elders[2], Channel.BUILDING_HEAD)
        taken_on = lives.start(case, self.chance, claimed_by_volunteer=False)[:2]
        moves = [*taken_on, Move(partial(History.volunteer, actor=self._zhao), 90), Move(History.contact, 30)]
        return self._closed(case, [*moves, Move(History.resolve, 20 * 60)])

    def _fire_lane(self) -> History:
        theme = texts.theme("消防车道划线不清")
        case = replace(self.cases.of(theme, channel=Channel.VISIT), title="消防车道划线", address="小区东门")
        before, after = _photo(PhotoStage.BEFORE, "lane"), _photo(PhotoStage.AFTER, "marked lane")
        work = [Move(History.contact, 60), before, Move(History.resolve, 3 * 24 * 60), after]
        return self._closed(case, [*self._in_hand(case), *work])

    def _closed(self, case: Case, moves: list[Move]) -> History:
        content = partial(History.close, satisfaction=Satisfaction.SATISFIED)
        end = hours.daytime(self.desk.today - DAY, self.chance, 14, 18)
        return self.desk.play_back(case, [*moves, Move(content, 180)], end)

    @property
    def _zhao(self) -> Actor:
        return self.cases.team.volunteers[0]

    def _of_building(self, name: str) -> Actor:
        heads, buildings = self.cases.team.heads, self.cases.team.community.under(Level.BUILDING)
        return next(heads[place.id] for place in buildings if place.name == name and place.id in heads)

    def _waiting(self, case: Case, actor: Actor) -> History:
        """Dispatched to a colleague since yesterday, who has not yet taken it on."""
        assert actor.party_id
        given = partial(History.dispatch, handler=Handler(actor.party_id, actor.name, actor))
        moves = [Move(History.accept, 11), Move(History.loosen, 3), Move(given, 8)]
        return self.desk.play(case, hours.daytime(self.desk.today - DAY, self.chance, 15, 17), moves)

    def _in_hand(self, case: Case) -> list[Move]:
        """Accepted, dispatched and taken on, without detours."""
        loosened = [Move(History.loosen, 2)] if case.takes_days else []
        return [Move(History.accept, 12), *loosened, Move(History.dispatch, 6), Move(History.claim, 25)]

    def _of(self, title: str, elder: Resident, channel: Channel) -> Case:
        return self.cases.make(texts.theme(title), elder, elder.home, elder.address, channel)

    def _at(self, theme: str, building: str, unit: str, channel: Channel, *, title: str = "") -> Case:
        place = unit_of(self.cases.team.community, building, unit)
        resident = self.chance.one(self.cases.team.residents)
        case = self.cases.make(texts.theme(theme), resident, place, f"{building}{unit}", channel)
        return replace(case, title=title or case.title)
