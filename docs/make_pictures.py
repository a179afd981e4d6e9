"""Take the guide's pictures from the running program with demo data: `python docs/make_pictures.py`."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.e2e.visitors import DESK, PHONE, QUIET, Server, Visitor, browser_file, free_port  # noqa: E402

Scene = Callable[[Visitor], None]


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


def _lines(who: Visitor) -> None:
    who.page.get_by_role("button", name="我的明细").click()
    who.page.locator("summary").first.click()
    who.sees("对账码")


def _code(who: Visitor) -> None:
    who.page.get_by_role("button", name="看领取码").click()
    who.sees("领取码")


def _settings(who: Visitor) -> None:
    who.sees("辖区")


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
    "board-phone": ("李敏", PHONE, _board, "light"),
    "me-phone": ("赵阿姨", PHONE, _volunteer, "light"),
    "tasks-phone": ("赵阿姨", PHONE, _tasks, "light"),
    "lines-phone": ("赵阿姨", PHONE, _lines, "light"),
    "code-phone": ("赵阿姨", PHONE, _code, "light"),
}


def take(browser: Any, server: Server, target: Path) -> None:
    login = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
    login.goto(f"{server.url}/login")
    login.screenshot(path=target / "login.png")
    for name, (person, size, scene, scheme) in SCENES.items():
        context = browser.new_context(viewport=size, locale="zh-CN", color_scheme=scheme)
        who = Visitor(context.new_page(), server)
        who.log_in(person)
        scene(who)
        who.page.wait_for_timeout(800)  # fonts and the last animation
        who.page.screenshot(path=target / f"{name}.png")
        context.close()
        print(f"{name}.png")


def main() -> None:
    target = HERE / "pictures"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        server = Server(Path(folder) / "linli-data", free_port())
        server.start()
        try:
            take(play.chromium.launch(executable_path=browser_file(), args=QUIET), server, target)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
