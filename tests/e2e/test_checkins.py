"""A curtain stays closed: red on the other screen at once, answered, closed, green, and nobody reloads anything."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import db
import db.engine
import settings
from db.models import AreaRow, CheckWindowRow, ElderRow, IncidentRow
from domain.care import Sign, WindowState, code_text
from domain.care_board import slot_now
from domain.clock import local_date, now
from settings import Settings
from tests.e2e.visitors import PHONE, Server, Visitor

Visit = Callable[..., Visitor]
SOON = 8_000


@pytest.fixture
def waiting(server: Server) -> Iterator[tuple[str, str]]:
    """Give id and code of an elder of 桂花社区 whose look is owed just now, whatever the hour."""
    settings.use(Settings(data_dir=server.data))
    db.engine.dispose()
    yield db.run(_owed)
    db.engine.dispose()


def _owed(tx: Session) -> tuple[str, str]:
    moment, w = now(), CheckWindowRow
    busy = select(IncidentRow.elder_id)
    query = (
        select(w.id, ElderRow.id, ElderRow.number)
        .join(ElderRow, ElderRow.id == w.elder_id)
        .join(AreaRow, AreaRow.id == w.community_id)
        .where(AreaRow.name == "桂花社区", w.day == local_date(moment), w.slot == slot_now(moment))
        .where(w.sign == Sign.CURTAIN, ElderRow.left_on.is_(None), w.elder_id.not_in(busy))
    )
    window, elder, number = tx.execute(query.limit(1)).one()
    due = moment + timedelta(hours=1)
    times = {"opens_at": moment - timedelta(hours=1), "due_at": due, "grace_until": due, "next_at": due}
    gone = {"state": WindowState.OPEN.value, "seen_at": None, "seen_by": None}
    tx.execute(update(w).where(w.id == window).values(**times, **gone, version=w.version + 1))
    return str(elder), code_text(number)


def tile(who: Visitor, elder: str) -> Any:
    return who.page.locator(f'.tile[data-open="{elder}"]')


def choose(who: Visitor, words: str) -> None:
    who.drawer.get_by_role("radio", name=words, exact=True).click()


def test_a_closed_curtain_is_red_elsewhere_at_once_and_green_when_it_is_closed(
    visit: Visit, waiting: tuple[str, str]
) -> None:
    elder, code = waiting
    watching, looking = visit("李敏"), visit("周书记")
    watching.open("/checkins")
    expect(tile(watching, elder)).to_have_class(re.compile("waiting"))
    watching.is_still()
    watching.page.evaluate("() => { window.stayed = true }")
    looking.open(f"/checkins?elder={elder}")
    looking.page.get_by_role("radio", name="没拉开", exact=True).click()

    looking.page.get_by_role("button", name="记下来").click()

    expect(tile(watching, elder)).to_have_class(re.compile("alarm"), timeout=SOON)
    expect(watching.page.locator(".group.alarm")).to_contain_text(code)
    tile(watching, elder).click()
    watching.press("接单")
    watching.press("确定接单")
    expect(watching.drawer.get_by_text(re.compile("李敏已接单"))).to_be_visible(timeout=SOON)
    expect(tile(watching, elder)).to_have_class(re.compile("taken"), timeout=SOON)
    watching.press("结案")
    choose(watching, "在家平安")
    choose(watching, "见到本人")
    watching.press("确定结案")
    expect(tile(watching, elder)).to_have_class(re.compile("ok"), timeout=SOON)
    assert watching.page.evaluate("() => window.stayed")


def test_the_tiles_are_in_the_document_itself(visit: Visit, waiting: tuple[str, str]) -> None:
    who = visit("李敏")

    answer = who.page.request.get(f"{who.server.url}/checkins")

    assert f'data-open="{waiting[0]}"' in answer.text()
    assert 'id="linli-first"' in answer.text()


def test_a_phone_shows_the_page_without_scrolling_sideways(visit: Visit) -> None:
    who = visit("陈网格员", PHONE, has_touch=True, is_mobile=True)
    who.open("/checkins")
    who.page.locator(".tile").first.wait_for()
    who.is_still()

    wide, shown = who.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")

    assert wide <= shown
    assert who.page.locator(".tile").first.bounding_box()["height"] >= 44
