"""Take the guide's pictures from the running program with demo data: `python docs/make_pictures.py [NAME…]`.

They show a morning whatever the hour: its clock is put to where 张奶奶's curtain is closed and a round is on. What a
scene does stays in the data of the scenes after it.
"""

import sys
import tempfile
from collections.abc import Callable, Collection
from datetime import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from playwright.sync_api import sync_playwright  # noqa: E402

from domain.clock import at_local, local_date, now  # noqa: E402
from tests import gateway  # noqa: E402
from tests.e2e.visitors import DESK, PHONE, QUIET, Server, Visitor, browser_file, free_port  # noqa: E402

Scene = Callable[[Visitor], None]
MORNING = time(8, 10)
HALL = {"width": 1920, "height": 1080}
SLOW_MS = 60_000  # Plotly is four megabytes of script


def _board(who: Visitor) -> None:
    who.sees("楼道灯坏了")


def _drawer(who: Visitor) -> None:
    who.page.get_by_text("楼道堆物，消防通道被占").first.click()
    who.sees("工单详情")
    who.sees("催办")


def _form(who: Visitor) -> None:
    who.page.get_by_role("button", name="登记诉求").click()
    who.sees("粘贴群消息")
    who.drawer.get_by_label("谁反映的").fill("张三")
    who.drawer.get_by_label("什么事").fill("楼道灯坏了")
    who.drawer.get_by_label("在哪里").fill("3号楼2单元")


def _menu(who: Visitor) -> None:
    who.page.get_by_role("button", name="E0297 的操作").click()
    who.sees("复制编号")


def _calendar(who: Visitor) -> None:
    who.page.get_by_role("radio", name="日历").click()
    who.sees("今天")


def _import(who: Visitor) -> None:
    who.sees("待处理")
    who.open("/import")
    who.sees("导入记录")


def _volunteer(who: Visitor) -> None:
    who.sees("可用积分")


def _tasks(who: Visitor) -> None:
    who.page.get_by_role("button", name="可以帮忙的事").click()
    who.sees("我来")


def _to_top(who: Visitor) -> None:
    who.page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")


def _lines(who: Visitor) -> None:
    who.page.get_by_role("button", name="我的明细").click()
    who.page.locator("summary").first.click()
    who.sees("对账码")
    _to_top(who)


def _code(who: Visitor) -> None:
    who.page.get_by_role("button", name="看领取码").click()
    who.sees("不换了")
    _to_top(who)


def _settings(who: Visitor) -> None:
    who.sees("辖区")


def _checkins(who: Visitor) -> None:
    who.sees("待处理")
    who.open("/checkins?slot=morning")
    who.sees("代录巡看")


def _incident(who: Visitor) -> None:
    _checkins(who)
    who.is_still()
    who.page.locator(".group.alarm .tile:not(#linli-first *)").first.click()
    who.sees("逐级通知")


def _charts(who: Visitor) -> None:
    who.sees("待处理")
    who.open("/charts")
    who.page.locator(".js-plotly-plot .main-svg").nth(7).wait_for(timeout=SLOW_MS)


def _proof(who: Visitor) -> None:
    _charts(who)
    who.is_still()
    who.page.locator('[data-pick="on_time_rate"]:not(#linli-first *)').click()
    who.sees("算法")


def _wall(who: Visitor) -> None:
    who.page.wait_for_url("**/wall")
    who.page.locator("section.on").wait_for()


def _tour(steps: int) -> Scene:
    def scene(who: Visitor) -> None:
        _wall(who)
        who.open("/wall/tour")
        for _ in range(steps):
            who.page.get_by_role("button", name="下一步").click()

    return scene


def _round(who: Visitor) -> None:
    who.page.wait_for_url("**/me")
    who.open("/round")
    who.page.locator("[data-do=begin]").click()
    who.page.wait_for_timeout(SETTLE_MS)  # so long a tap counts as the second half of a double one


def _closed(who: Visitor) -> None:
    _round(who)
    who.page.locator("[data-look=closed]").click()
    who.sees("没人应，请值班来")
    who.page.locator("#undo").wait_for(state="hidden", timeout=SLOW_MS)


def _channels(who: Visitor) -> None:
    with gateway.serve() as robot:  # nothing of this leaves the machine
        who.open("/settings?section=通知渠道")
        who.page.get_by_role("button", name="添加渠道").click()
        who.page.get_by_label("名称").fill("社区值班群")
        who.page.get_by_label("地址").fill(robot.url())
        who.page.get_by_role("button", name="添加", exact=True).click()
        who.sees("已添加渠道")
        who.page.get_by_role("combobox").last.click()
        who.page.get_by_role("option", name="社区值班群").click()
        who.page.get_by_role("button", name="发一条测试").click()
        who.sees("通道已收到测试消息")
        who.is_still()


# file → who, size, what to show, dark or light
SCENES: dict[str, tuple[str, dict[str, int], Scene, str]] = {
    "board": ("李敏", DESK, _board, "light"),
    "board-dark": ("李敏", DESK, _board, "dark"),
    "ticket": ("李敏", DESK, _drawer, "light"),
    "report": ("李敏", DESK, _form, "light"),
    "menu": ("李敏", DESK, _menu, "light"),
    "calendar": ("李敏", DESK, _calendar, "light"),
    "import": ("李敏", DESK, _import, "light"),
    "settings": ("管理员 · 管理员", DESK, _settings, "light"),
    "checkins": ("李敏", DESK, _checkins, "light"),
    "incident": ("李敏", DESK, _incident, "light"),
    "charts": ("李敏", DESK, _charts, "light"),
    "proof": ("李敏", DESK, _proof, "light"),
    "wall": ("郑主任", HALL, _wall, "dark"),
    "tour": ("郑主任", DESK, _tour(1), "dark"),
    "tour-figure": ("郑主任", DESK, _tour(5), "dark"),
    "board-phone": ("李敏", PHONE, _board, "light"),
    "me-phone": ("赵阿姨", PHONE, _volunteer, "light"),
    "tasks-phone": ("赵阿姨", PHONE, _tasks, "light"),
    "lines-phone": ("赵阿姨", PHONE, _lines, "light"),
    "code-phone": ("赵阿姨", PHONE, _code, "light"),
    "round-phone": ("赵阿姨", PHONE, _round, "light"),
    "closed-phone": ("赵阿姨", PHONE, _closed, "light"),  # it opens an incident
    "channels": ("管理员 · 管理员", DESK, _channels, "light"),
}
SETTLE_MS = 800  # fonts and the last animation


def take(browser: Any, server: Server, target: Path, wanted: Collection[str]) -> None:
    if not wanted or "login" in wanted:
        login = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
        login.goto(f"{server.url}/login")
        login.screenshot(path=target / "login.png")
    for name, (person, size, scene, scheme) in SCENES.items():
        if wanted and name not in wanted:
            continue
        context = browser.new_context(viewport=size, locale="zh-CN", color_scheme=scheme)
        who = Visitor(context.new_page(), server)
        who.log_in(person)
        scene(who)
        who.is_still()  # the page itself, not what stands there before it
        who.page.wait_for_timeout(SETTLE_MS)
        who.page.screenshot(path=target / f"{name}.png")
        context.close()
        print(f"{name}.png")


def main(wanted: Collection[str]) -> None:
    target = HERE / "pictures"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        moment = now()
        ahead = (at_local(local_date(moment), MORNING) - moment).total_seconds()
        server = Server(Path(folder) / "linli-data", free_port(), ahead=ahead)
        server.start()
        try:
            take(play.chromium.launch(executable_path=browser_file(), args=QUIET), server, target, wanted)
        finally:
            server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
