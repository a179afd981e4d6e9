"""大屏 in the menu leads to the light page; the page of settings makes screens and takes them back."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import db
from db import screens, sessions
from domain import clock
from tests.builders import World
from tests.pages.conftest import field, labels, page_html, press


@pytest.fixture
def settings(visit: Any) -> AppTest:
    page: AppTest = visit("admin", "settings_page")
    # its path is not its file's name: AppTest finds it once the pages are known
    page.switch_page("settings_page.py")
    page.session_state["section"] = "大屏"
    return page.run()


def test_the_menu_leads_to_the_light_page(visit: Any) -> None:
    page = visit("leader", "wall")

    assert not page.exception
    assert 'href="/wall"' in page_html(page)


def test_who_reads_no_wall_is_refused(visit: Any) -> None:
    assert visit("volunteer", "wall").error


def test_an_administrator_makes_a_screen_sees_its_address_once_and_takes_it_back(
    settings: AppTest, world: World
) -> None:
    page = settings
    assert "还没有大屏" in page.info[0].value

    field(page, "名称").set_value("一楼大厅")
    page = press(page, "添加，并显示专用网址")

    address = page.code[0].value
    assert "/screen/screen-" in address
    token = address.rpartition("/")[2]
    assert sessions.identify(token, now=clock.now(), active=False).name == "一楼大厅"  # type: ignore[union-attr]

    page = press(page, "我已打开")
    assert not page.code, "told once"
    press(page, "收回这块大屏")
    assert sessions.identify(token, now=clock.now(), active=False) is None
    assert db.read(screens.listed, actor=world.admin) == []


def test_a_screen_without_a_name_is_refused_with_a_sentence(settings: AppTest) -> None:
    page = press(settings, "添加，并显示专用网址")

    assert "请填写大屏的名称" in page.error[0].value
    assert "收回" not in labels(page)
