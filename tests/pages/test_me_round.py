"""今日巡看 on one's own page: the way to the round, a round offered by another, the month's looks."""

import db
from db import handovers
from domain.care import HandoverState, Look, Slot
from domain.ids import new_key
from tests.builders import World
from tests.db import caring
from tests.db.caring import TODAY, TOMORROW, at
from tests.pages.conftest import Visit, labels, page_html, press

EARLY = at(TODAY - caring.timedelta(days=1), 12)


def walk_of(world: World, who: str = "volunteer", count: int = 2) -> list[caring.Elder]:
    """Give this person a round for today, the page's day (11:00, when the morning's grace is over)."""
    found = [caring.elder(world, n + 1, slots=caring.BOTH, primary=who, backup=None, now=EARLY) for n in range(count)]
    caring.made_day(TODAY)
    return found


def test_a_volunteer_without_elders_sees_nothing_of_rounds(visit: Visit) -> None:
    assert "巡看" not in page_html(visit("volunteer", "me"))


def test_the_card_leads_to_the_round_and_says_how_many_are_left(visit: Visit, world: World) -> None:
    first, _second = walk_of(world)
    home = visit("volunteer", "me")
    assert "<b>开始今日巡看</b><span>2 户</span>" in page_html(home)
    assert labels(home) == ["可以帮忙的事　0 件", "能换什么", "我的明细"]  # the card is the fourth large button

    caring.look(world.volunteer, first.id, Look.OK, at(TODAY, 8))
    shown = page_html(visit("volunteer", "me"))

    assert 'href="/round" target="_self"><b>接着巡看</b><span>还有 1 户</span>' in shown
    assert "本月您守望了 1 户次" in shown


def test_a_building_head_who_looks_in_has_it_too(visit: Visit, world: World) -> None:
    walk_of(world, "building_head")

    assert "开始今日巡看" in page_html(visit("building_head", "me"))


def test_a_round_offered_by_another_is_taken_with_one_tap(visit: Visit, world: World) -> None:
    (elder,) = walk_of(world, "volunteer2", count=1)
    caring.elder(world, 9, primary="volunteer", backup="volunteer2", now=EARLY)
    caring.made_day(TOMORROW)
    call = {"day": TOMORROW, "slot": Slot.EVENING, "to_id": world.volunteer.user_id, "key": new_key()}
    offer = db.run(handovers.offer, actor=world.volunteer2, **call, now=at(TODAY, 11))  # type: ignore[arg-type]
    assert offer.state is HandoverState.OFFERED

    page = visit("volunteer", "me")
    assert any("钱叔叔" in one.value and "晚上去不了，请您代看 1 户" in one.value for one in page.markdown)
    press(page, "我来看")

    assert db.read(handovers.get, offer.id).state is HandoverState.ACCEPTED
    assert caring.window(elder.id, slot=Slot.EVENING).looker_id == world.volunteer.user_id
    assert "我来看" not in labels(visit("volunteer", "me"))
