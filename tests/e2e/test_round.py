"""The morning round on a phone: dead spots, double taps, second thoughts; large enough for old eyes and thumbs."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from domain.clock import at_local, local_date, now
from tests.e2e.visitors import PHONE, Server, Visitor, free_port

Visit = Callable[..., Visitor]
SMALL = """() => [...document.querySelectorAll('body *')].filter(e => e.checkVisibility()
  && !e.closest('svg, script, style, noscript')
  && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
  && parseFloat(getComputedStyle(e).fontSize) < 18).map(e => e.textContent.slice(0, 30))"""
LOW = """() => [...document.querySelectorAll('a, button, label')].filter(e => e.checkVisibility()
  && e.getBoundingClientRect().height < 56).map(e => e.textContent)"""
MORNING = time(8, 10)
DEAF = 750  # ms after each screen in which a tap is the second half of a double one


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Make the demo once, of a morning whatever the hour: a round is walked once a day, so each test has a copy."""
    moment = now()
    ahead = (at_local(local_date(moment), MORNING) - moment).total_seconds()
    one = Server(tmp_path_factory.mktemp("round") / "linli-data", free_port(), ahead=ahead)
    one.start()
    one.stop()
    return one


@pytest.fixture
def own(made: Server, tmp_path: Path) -> Iterator[Server]:
    shutil.copytree(made.data.parent, tmp_path, dirs_exist_ok=True)
    one = Server(tmp_path / "linli-data", free_port(), ahead=made.ahead)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def server(own: Server) -> Server:
    """Visit this copy, not the server that the other files share."""
    return own


@pytest.fixture
def walker(visit: Visit) -> Visitor:
    who = visit("", PHONE, has_touch=True, is_mobile=True)
    who.log_in("赵阿姨")
    who.page.wait_for_url(re.compile("/me"))
    return who


def begin(who: Visitor) -> None:
    who.open("/round")
    who.page.locator("[data-do=begin]").tap()
    ready(who)


def ready(who: Visitor) -> None:
    """Wait as long as the page takes a tap for the second half of a double one."""
    who.page.wait_for_function(
        "([since, deaf]) => performance.now() > since + deaf", arg=[who.page.evaluate("performance.now()"), DEAF]
    )


def tap(who: Visitor, look: str) -> None:
    who.page.locator(f"section:not([hidden]) [data-look={look}]").tap()
    ready(who)


def all_sent(who: Visitor) -> None:
    who.page.wait_for_function("() => items().length && items().every(item => item.is === 'sent')")


def kept(who: Visitor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = who.page.evaluate("items()")
    return found


def ask(server: Server, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(server.data / "demo.sqlite3")) as database:
        return database.execute(query).fetchall()


def observed(server: Server) -> list[str]:
    """List the looks that phones have sent since the demo was made: their ids are of version 4."""
    rows = ask(server, "SELECT hex(id), look FROM observation ORDER BY received_at, id")
    return [look for made, look in rows if made[12] == "4"]


def test_taps_in_a_dead_spot_survive_a_reload_and_arrive_once(walker: Visitor, own: Server) -> None:
    begin(walker)
    tap(walker, "ok")
    all_sent(walker)
    walker.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    walker.page.context.set_offline(True)
    walker.page.reload()  # the first visit is enough for the page to be kept
    walker.page.locator("[data-do=begin]").tap()
    ready(walker)
    for look in ("ok", "unclear", "ok"):
        tap(walker, look)
    walker.sees("3 条已存在手机里，等网络")
    walker.page.reload()
    assert [item["is"] for item in kept(walker)].count("waiting") == 3
    walker.page.get_by_role("button", name="先看看都有谁").tap()
    expect(walker.page.get_by_text("已存在手机里，等网络").first).to_be_visible()

    walker.page.context.set_offline(False)
    all_sent(walker)

    assert sorted(observed(own)) == ["ok", "ok", "ok", "unclear"]
    expect(walker.page.locator("#count")).to_have_text("4/6")


def test_an_answer_lost_on_its_way_and_a_server_restart_double_nothing(walker: Visitor, own: Server) -> None:
    begin(walker)

    def lose(route: Any) -> None:
        route.fetch()  # the server hears it, the phone hears nothing
        route.abort()

    walker.page.route("**/round/looks", lose)
    tap(walker, "ok")
    walker.sees("1 条已存在手机里，等网络")
    own.stop()
    walker.page.unroute("**/round/looks")
    tap(walker, "ok")
    own.start()
    walker.page.evaluate("tries = 0; send()")
    all_sent(walker)

    assert observed(own) == ["ok", "ok"]


def test_a_double_tap_answers_for_one_stop_only(walker: Visitor, own: Server) -> None:
    begin(walker)
    yes = walker.page.locator("#stop .yes")

    yes.tap()
    yes.tap(force=True)
    yes.tap(force=True)
    all_sent(walker)

    assert observed(own) == ["ok"]
    expect(walker.page.locator("#count")).to_have_text("1/6")


def test_what_was_tapped_by_mistake_is_taken_back(walker: Visitor, own: Server) -> None:
    begin(walker)
    name = walker.page.locator("#stop h1").inner_text()
    tap(walker, "closed")
    expect(walker.page.locator("#closed h1")).to_have_text(name)
    walker.sees("现在去敲门")

    walker.page.get_by_role("button", name="撤销").tap()
    ready(walker)
    expect(walker.page.locator("#stop h1")).to_have_text(name)
    expect(walker.page.locator("#undo span")).to_contain_text("已撤销")
    expect(walker.page.locator("#undo button")).to_be_hidden()
    all_sent(walker)

    assert observed(own) == ["closed", "undo"]
    expect(walker.page.locator("#count")).to_have_text("0/6")
    assert ask(own, "SELECT state FROM incident WHERE state = 'withdrawn'") == [("withdrawn",)]


def test_two_phones_walk_one_round_and_a_refused_tap_stays_to_be_read(
    walker: Visitor, own: Server, visit: Visit
) -> None:
    second = visit("", PHONE, has_touch=True, is_mobile=True)
    second.log_in("赵阿姨")
    second.page.wait_for_url(re.compile("/me"))
    for who in (walker, second):
        begin(who)
        tap(who, "ok")
        all_sent(who)
    assert observed(own) == ["ok", "ok"]

    walker.page.evaluate("page.stops[at].window = uuid()")  # a stop that is no more when the tap arrives
    with walker.page.expect_event("load"):  # the page loads itself again: what stands there is no more
        walker.page.locator("section:not([hidden]) [data-look=ok]").tap()

    expect(walker.page.locator("#refused")).to_contain_text("没有记上")
    walker.page.reload()
    expect(walker.page.locator("#refused")).to_contain_text("没有记上")
    walker.page.get_by_role("button", name="知道了").tap()
    expect(walker.page.locator("#refused")).to_be_empty()


def test_every_screen_can_be_read_and_met_by_a_thumb(walker: Visitor, own: Server) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")

    def check(screen: str) -> None:
        assert walker.page.evaluate(SMALL) == [], screen
        assert walker.page.evaluate(LOW) == [], screen
        assert walker.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], screen
        expect(walker.page.locator("footer .call")).to_be_in_viewport()
        found = axe.Axe().run(walker.page).response["violations"]
        assert {v["id"] for v in found if v["impact"] in ("serious", "critical")} == set(), screen

    for scheme in ("light", "dark"):
        walker.page.emulate_media(color_scheme=scheme)
        walker.open("/round")
        check("start")
    begin(walker)
    check("stop")
    tap(walker, "closed")
    walker.page.get_by_role("button", name="看电话号码").tap()
    expect(walker.page.get_by_role("link", name="老人本人")).to_be_visible()
    check("closed")
    tap(walker, "nobody")
    walker.sees("消息没有发出，请马上打")
    check("nobody")
    walker.page.get_by_role("button", name="先看下一户").tap()
    ready(walker)
    for _ in range(5):
        tap(walker, "ok")
    walker.sees("看完了，谢谢您")
    walker.sees("每户0.5分")
    check("done")
    walker.page.get_by_role("button", name="看看名单").tap()
    check("list")
    walker.open("/round/handover")
    check("handover")
    assert walker.page.evaluate("performance.getEntriesByType('navigation')[0].transferSize") < 60_000


def test_ones_own_page_leads_to_the_round_and_takes_over_anothers(walker: Visitor) -> None:
    walker.open("/me")
    walker.sees("请您代看")

    walker.page.get_by_role("button", name="我来看").tap()
    walker.sees("这几户归您看了")
    walker.page.get_by_role("link", name=re.compile("开始今日巡看")).tap()

    expect(walker.page).to_have_url(re.compile("/round$"))
    walker.sees("6 户等您看一眼")
