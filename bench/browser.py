"""What a person waits for, in a real browser: the first ticket, the live board, a move.

All by the browser's own clock, from the navigation or the click to the frame that shows it: what the driver itself
takes is no part of it, and it asks the page for nothing until the document is loaded.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import db
from bench import running
from bench.running import Server
from bench.tables import Figures, percentile
from db import tickets
from domain.access import Actor
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from domain.due import Grade
from domain.errors import Refused
from domain.ids import new_key
from domain.tickets import Ticket

WINDOW_MS = 1500
LOADS, WARM, MOVES, LONG_AGO = 10, 3, 20, timedelta(days=3650)
FIRST = "first ticket seen"
PAGES = {"healthz": "plain text seen", "hello": "hello seen", "tickets": "board live"}
CHARTS = {"figure": "first figure seen", "chart": "first chart", "four": "four charts"}
_ARGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# when the first ticket of the document was painted, and the first frame that shows what Streamlit has drawn
_NOTES = """
const bench = (window.bench = {});
new MutationObserver((_, watch) => {
  const title = document.querySelector("#linli-first .card .t");
  if (title) watch.disconnect(title.setAttribute("elementtiming", "ticket"));
}).observe(document, { childList: true, subtree: true });
new PerformanceObserver((list) => { bench.first ??= list.getEntries()[0].startTime; }).observe({ type: "element" });
const within = (selector) => {
  for (const part of document.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
    const found = part.shadowRoot?.querySelector(selector);
    if (found) return found;
  }
};
bench.card = (named) => within(`.card${named}`);
const frame = (found) => new Promise((done, fail) => {
  setTimeout(() => fail(new Error("not seen within a minute")), 60000);
  const look = () => { found() ? done(performance.now()) : requestAnimationFrame(look); };
  look();
});
const hello = () => document.querySelector(".stApp .stMarkdown")?.textContent.includes("hello, world");
const plain = () => performance.getEntriesByName("first-contentful-paint")[0];
const charts = () => document.querySelectorAll(".stApp .js-plotly-plot:has(.main-svg)").length;
if (location.pathname == "/healthz") bench.live = frame(plain).then(() => plain().startTime);
else if (location.pathname == "/charts") {
  bench.figure = frame(() => document.querySelector("#linli-first [data-pick] b") || within("[data-pick] b"));
  bench.chart = frame(() => charts() > 0);
  bench.four = frame(() => charts() > 3);
} else bench.live = frame(() => hello() || bench.card(""));
bench.move = (id) => addEventListener("click", ({ timeStamp }) => {
  const made = frame(() => bench.card(`[data-open="${id}"][data-version="2"]`));
  bench.moved = made.then((at) => at - timeStamp);
}, { capture: true, once: true });
"""


def measure(figures: Figures, size: str, server: Server, token: str, actor: Actor) -> None:
    with _browser() as browser:
        loads: dict[str, list[float]] = {}
        for _ in range(running.times(LOADS)):
            for path in PAGES:
                context = _context(browser, server, token)  # a new one has nothing in its cache
                for warmth in ("cold", "warm"):
                    for what, spent in _load(context, server, path).items():
                        loads.setdefault(f"{warmth} load, {what}", []).append(spent)
                context.close()
        for warmth in ("cold", "warm"):
            _tell(figures, size, warmth, loads)
        context = _context(browser, server, token)
        moved = _moves(_window(context), server, actor)
        figures.add(size, "move, click to screen, p50", percentile(moved, 0.5), "ms")
        figures.add(size, "move, click to screen, p95", percentile(moved, 0.95), "ms")
        context.close()


def _tell(figures: Figures, size: str, warmth: str, loads: dict[str, list[float]]) -> None:
    """Give the median of each, beside hello's: a plain text's says what this browser takes for any page."""
    shown = (*PAGES.values(), FIRST)
    middle = {what: percentile(loads.get(f"{warmth} load, {what}", []), 0.5) for what in shown}
    for what, spent in middle.items():
        hello = None if what == PAGES["hello"] else middle[PAGES["hello"]]
        figures.add(size, f"{warmth} load, {what}", spent, "ms", hello=hello)


def charts(figures: Figures, size: str, server: Server, token: str) -> None:
    """Time 数据分析 in a browser with nothing in its cache, beside the hello page."""
    seen: dict[str, list[float]] = {}
    with _browser() as browser:
        for _ in range(running.times(LOADS)):
            for path in ("hello", "charts?period=90"):
                context = _context(browser, server, token)
                for what, spent in _charts(_window(context), server, path).items():
                    seen.setdefault(what, []).append(spent)
                context.close()
    hello = percentile(seen[PAGES["hello"]], 0.5)
    for what, spent_each in seen.items():
        beside = None if what == PAGES["hello"] else hello
        figures.add(size, f"cold load, {what}", percentile(spent_each, 0.5), "ms", hello=beside)


def _charts(page: Page, server: Server, path: str) -> dict[str, float]:
    page.goto(f"{server.url}/{path}", wait_until="load")
    waits = {"live": PAGES["hello"]} if path == "hello" else CHARTS
    return {what: page.evaluate(f"bench.{name}") for name, what in waits.items()}


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
    context.add_init_script(_NOTES)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": server.url}])
    return context


def _window(context: BrowserContext) -> Page:
    """Open a window and let the browser finish its own, a second of work for its address bar: users have theirs."""
    page = context.new_page()
    page.wait_for_timeout(WINDOW_MS)
    return page


def _load(context: BrowserContext, server: Server, path: str) -> dict[str, float]:
    """Give the milliseconds from the navigation's start; first sight is missing where the document was sent without."""
    page = _window(context)
    page.goto(f"{server.url}/{path}", wait_until="load")
    seen = {PAGES[path]: page.evaluate("bench.live"), FIRST: page.evaluate("bench.first")}
    page.close()
    return {what: spent for what, spent in seen.items() if spent is not None}


def _moves(page: Page, server: Server, actor: Actor) -> list[float]:
    """Accept tickets from their cards' menu, each timed from the click to the card's new state.

    They are due before all others, so that they stand first in their column, and are ended when that is done:
    those of many measurements would fill it. The first few, on a page that is hardly there yet, do not count.
    """
    call: dict[str, Any] = {"actor": actor, "area_id": actor.grants[0].area_id, "title": "基准测试"}
    call |= {"grade": Grade.URGENT, "now": now() - LONG_AGO}
    made = [db.run(tickets.report, key=new_key(), **call) for _ in range(WARM + running.times(MOVES))]
    spent: list[float] = []
    try:
        _move(page, server, made, spent)
    finally:
        for number, ticket in enumerate(made):
            version = 2 if number < len(spent) else 1
            end: dict[str, Any] = {"actor": actor, "ticket_id": ticket.id, "expected_version": version}
            db.run(tickets.cancel, note="基准测试", key=new_key(), now=now(), **end)
    return spent[WARM:]


def _move(page: Page, server: Server, made: Sequence[Ticket], spent: list[float]) -> None:
    page.goto(f"{server.url}/tickets")
    for ticket in made:
        card = page.locator(f'.stApp .card[data-open="{ticket.id}"]')
        card.focus()
        page.keyboard.press("m")
        item = page.get_by_role("menuitem", name="受理", exact=True)
        item.wait_for()
        page.evaluate("bench.move", str(ticket.id))
        item.click()
        spent.append(page.evaluate("bench.moved"))
        page.keyboard.press("Escape")
