"""What a person waits for, in a real browser: the first ticket, the live board, a move."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import db
from bench.running import Server
from bench.tables import Figures, milliseconds, percentile
from db import tickets
from domain.access import Actor
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from domain.due import Grade
from domain.errors import Refused
from domain.ids import new_key

LOADS, MOVES = 8, 20
FIRST, LIVE, HELLO = "#linli-first .card", ".stApp .card", ".stApp >> text=hello, world"
_ARGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def measure(figures: Figures, size: str, server: Server, token: str, actor: Actor) -> None:
    with _browser() as browser:
        loads: dict[str, list[float]] = {}
        for _ in range(LOADS):
            for page in ("hello", "tickets"):
                context = _context(browser, server, token)  # a new one has nothing in its cache
                for warmth in ("cold", "warm"):
                    for what, spent in _load(context, server, page).items():
                        loads.setdefault(f"{warmth} {what}", []).append(spent)
                context.close()
        for warmth in ("cold", "warm"):
            hello = milliseconds(percentile(loads[f"{warmth} hello"], 0.5))
            figures.add(size, f"{warmth} load, hello seen", hello, "ms")
            for what in ("first ticket seen", "board live"):
                value = milliseconds(percentile(loads.get(f"{warmth} {what}", []), 0.5))
                figures.add(size, f"{warmth} load, {what}", value, "ms", hello=hello)
        context = _context(browser, server, token)
        moved = _moves(context.new_page(), server, actor)
        figures.add(size, "move, click to screen, p50", milliseconds(percentile(moved, 0.5)), "ms")
        figures.add(size, "move, click to screen, p95", milliseconds(percentile(moved, 0.95)), "ms")
        context.close()


@contextmanager
def _browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "msedge"))), None)
    if path is None:
        raise Refused("没有找到 Chromium 或 Edge，不能测浏览器；加 --no-browser 可跳过这一部分。")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGS))
        yield browser
        browser.close()


def _context(browser: Browser, server: Server, token: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": server.url}])
    return context


def _load(context: BrowserContext, server: Server, path: str) -> dict[str, float]:
    page = context.new_page()
    start = time.perf_counter()
    page.goto(f"{server.url}/{path}", wait_until="commit")
    seen = {}
    if path == "hello":
        page.wait_for_selector(HELLO)
        seen["hello"] = time.perf_counter() - start
    else:
        page.wait_for_selector(f"{FIRST}, {LIVE}")
        seen["first ticket seen"] = time.perf_counter() - start
        page.wait_for_selector(LIVE)
        seen["board live"] = time.perf_counter() - start
    page.close()
    return seen


def _moves(page: Page, server: Server, actor: Actor) -> list[float]:
    """Accept tickets from their cards' menu, each timed from the click to the card's new state."""
    area = actor.grants[0].area_id
    call: dict[str, Any] = {"actor": actor, "area_id": area, "title": "基准测试", "grade": Grade.URGENT}
    made = [db.run(tickets.report, key=new_key(), now=now(), **call) for _ in range(MOVES)]
    page.goto(f"{server.url}/tickets")
    spent = []
    for ticket in made:
        card = page.locator(f'.stApp .card[data-open="{ticket.id}"]')
        card.focus()
        page.keyboard.press("m")
        item = page.get_by_role("menuitem", name="受理", exact=True)
        item.wait_for()
        start = time.perf_counter()
        item.click()
        page.wait_for_selector(f'.stApp .card[data-open="{ticket.id}"][data-version="2"]')
        spent.append(time.perf_counter() - start)
        page.keyboard.press("Escape")
    return spent
