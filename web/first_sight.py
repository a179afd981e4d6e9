"""First sight: the document of a page carries its board, seen before Streamlit's scripts arrive.

It stands in an element of its own beside Streamlit's root, so that mounting does not blank it. The
component takes it away when it has drawn; its own styles do after ten seconds, and lift the page above
it two seconds after its script has ended. Until then it is `inert`: nothing in it can be pressed,
reached or read out, so that a screen reader meets each card once, in the live board.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import db
from db import board as boards
from db import board_kept, care_kept, views
from db import stat_cards as chart_cards
from db.ticket_filters import from_query
from domain.access import Actor, Grant, Role, communities_of, has
from domain.areas import Level
from domain.board import Board, Waiting
from domain.care_board import TODAY
from domain.care_board import from_query as care_filters
from domain.clock import now
from domain.ids import new_id
from domain.steps import TRANSITIONS
from domain.tickets import Action
from domain.views import Group, Layout
from ui.board import markup
from ui.board.sent import BOARD, CARE, Sent
from ui.care import markup as care_markup
from ui.charts import markup as chart_markup
from web import headers, logs, plotly
from web.sent import AFTER_PAINT

BUDGET_SECONDS = 0.25  # the live board takes longer still on a machine that needs this
# no screen shows more of a column before it is scrolled, which can only be done in the live board
CARDS_A_COLUMN, CARDS_OF_ME = 12, 48
_REPORTERS = TRANSITIONS[Action.REPORT].roles
# two at once: when everybody comes back after a restart, most go without it and none waits for it
_pool = ThreadPoolExecutor(2, "first-sight")
_HEAD_END, _BODY = b"</head>", b"<body>"
_LOADED = re.compile(
    rb'\s*<link\s+rel="(?:stylesheet|modulepreload|preload)"[^>]*>|\s*<script type="module"[^>]*></script>'
)
_STARTER = f'<script type="module" src="./sent/{AFTER_PAINT.name}"></script>'.encode()
_DARK = re.compile(r"\.(linli|charts)\[data-dark\]([^{]*\{[^}]*\})")
# the last two are those of 登记, which opens at a key press
_WIDGETS = ("Html", "BidiComponent", "Selectbox", "ButtonGroup", "TextInput", "Button", "TextArea", "Checkbox")
_CHARTED = ("Html", "BidiComponent", "PlotlyChart", "Selectbox", "ButtonGroup", "Button", "Popover")
_LARGE = "PlotlyChart."  # its run would keep the page from beginning
_UI = Path(markup.__file__ or "").parent.parent
_IMPORT = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')
_BRAND = (
    '<svg viewBox="0 0 92 28" width="92" height="28"><text x="0" y="21" font-size="20" font-weight="700" '
    "fill=\"currentColor\" font-family=\"'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif\">"
    "邻里一屏</text></svg>"
)


def drawing(path: str, query: bytes, actor: Actor | None) -> "Drawing | None":
    """Say how to draw what this page will show; None where nothing is to be seen at once."""
    page = _PAGES.get(_page(path, actor))
    if actor is None or page is None or actor.must_change_password:
        return None
    asked = dict(parse_qsl(query.decode("latin-1")))
    return Drawing(page, partial(page.draw, actor, asked))


@dataclass(frozen=True)
class Drawing:
    """What a page will show at first sight, yet to be drawn for its reader."""

    page: "Page"
    draw: Callable[[], str]

    async def sent_in_parts(self, document: bytes, *, number: str, path: str) -> AsyncIterator[bytes]:
        """Give the document as a browser can use it: the head at once, then what is to be seen.

        The head lets the browser set up the page while the database is read. What fails or takes long is left out.
        What is to be loaded lies in a template until the first frame is drawn (`after_paint.js`).
        """
        loaded = b"".join(_LOADED.findall(document))
        head, body, rest = _LOADED.sub(b"", document).partition(_BODY)
        yield head.replace(_HEAD_END, _STARTER + _HEAD_END) + body
        if seen := await self._seen(number, path):
            style = _style(self.page.styles)
            seen = f'<div id="linli-first" inert aria-hidden="true"><style>{style}</style>{seen}</div>'
        sent = self.page.sent
        own = f'<link rel="modulepreload" crossorigin href="./sent/{sent.name}">'.encode() if sent else b""
        then = loaded + _ahead(self.page.widgets) + own
        yield seen.encode() + b'<template id="linli-then">' + then + b"</template>" + rest

    async def _seen(self, number: str, path: str) -> str:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(_pool.submit(self.draw)), BUDGET_SECONDS)
        except TimeoutError:
            logs.write("first_sight.late", request_id=number)
        except Exception as error:  # the page itself will say what is the matter
            logs.failure(error, number, path=logs.safe_path(path))
        return ""


def warm_up() -> None:
    """Draw a board that is nobody's: the first reader after a start should not wait for what is made only once."""
    place = new_id()
    somebody = Grant(Role.COORDINATOR, place, f"/{place.hex}/", Level.COMMUNITY, frozenset({place}))
    _tickets(Actor(new_id(), "", grants=(somebody,)), {})
    for page in _PAGES.values():
        _style(page.styles)
        _ahead(page.widgets)
    plotly.scripts()


def _page(path: str, actor: Actor | None) -> str:
    name = path.strip("/")
    return actor.home if actor and not name else name


@cache
def _ahead(widgets: tuple[str, ...]) -> bytes:
    """Name the scripts that Streamlit would ask for only when the first widgets have come, and run them before."""
    folder = headers.streamlit_files() / "static" / "js"
    first = [file.name for name in widgets for file in folder.glob(f"{name}.*.js")]
    found: dict[str, None] = {}
    wanted = [*first]
    while wanted:
        name = wanted.pop()
        if name not in found and name.encode() not in headers.streamlit_index():
            found[name] = None
            wanted += _IMPORT.findall((folder / name).read_text("utf-8"))
    named = "".join(f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in found)
    run = (name for name in first if not name.startswith(_LARGE))
    return (named + "".join(f'<script type="module" crossorigin src="./static/js/{n}"></script>' for n in run)).encode()


@cache
def _style(styles: tuple[str, ...]) -> str:
    """Join the components' own styles with those of first sight; dark as the system says."""
    own = "".join((_UI / name).read_text("utf-8") for name in styles)
    dark = "".join(f"#linli-first .{name}{rest}" for name, rest in _DARK.findall(own))
    return f"{own}{(_UI / 'board' / 'first.css').read_text('utf-8')}@media (prefers-color-scheme: dark) {{ {dark} }}"


# --- what each page shows ------------------------------------------------------------------------


def _tickets(actor: Actor, query: Mapping[str, str]) -> str:
    if not has(actor, "tickets.board"):
        return ""
    view = db.read(views.asked_for, actor=actor, query=query)
    if view.layout is not Layout.BOARD:
        return ""
    filters = from_query(view.filters)
    call: dict[str, Any] = {"actor": actor, "filters": filters, "now": now()}
    held = db.read(board_kept.board, order=view.sort, columns=view.columns, **call)
    if not any(column.cards for column in held.columns):
        return ""
    # lanes keep what lies below them, so that their heads say the same as in the live board
    short = held if view.group is not Group.NONE else _cut(held)
    cards = f"<div>{markup.draw(short, view.fields, view.group)}</div>"
    body = f"{markup.figures_html(held.figures, filters.due)}{_filter_bones(actor)}{cards}"
    return _framed(body, _first_tab(held))


def _cut(board: Board) -> Board:
    """Leave in each column what a screen holds; its count stays."""
    columns = (replace(column, cards=column.cards[:CARDS_A_COLUMN]) for column in board.columns)
    return replace(board, columns=tuple(columns))


def _first_tab(held: Board) -> str:
    """Show a phone the column that the component will: the first with something in it."""
    name = next(column.column for column in held.columns if column.cards)
    return (
        f'<style>@media (max-width: 640px) {{ #linli-first .col[data-col="{name}"] {{ display: block; }} '
        f'#linli-first [data-tab="{name}"] {{ background: var(--card); color: var(--brand); }} }}</style>'
    )


def _filter_bones(actor: Actor) -> str:
    """Draw the outlines of the filters, as many as this person has, so that they wrap alike."""
    several_grids = len(actor.grants) > 1 or any(grant.level is not Level.GRID for grant in actor.grants)
    return _bones(
        "filters",
        *(["list"] if len(communities_of(actor.grants)) > 1 else []),
        *(["list"] if several_grids else []),
        *("list", "mine", "text", "tune", "gap", "layouts", "view"),
        *(["export"] if has(actor, "tickets.export") else []),
        *(["new"] if actor.roles & _REPORTERS and not actor.read_only else []),
    )


def _me(actor: Actor, _query: Mapping[str, str]) -> str:
    if not has(actor, "me") or actor.roles == {Role.VOLUNTEER}:
        return ""  # a volunteer's page is large buttons: shown dead, they would be pressed in vain
    moment = now()
    groups = db.read(boards.waiting, actor=actor, now=moment)
    if not any(group.count for group in groups):
        return ""
    button = _bones("page", "new") if actor.roles & _REPORTERS else ""
    return _framed(f"{button}<div>{markup.waiting_html(_screenful(groups), moment)}</div>")


def _screenful(groups: Iterable[Waiting]) -> Iterator[Waiting]:
    shown = 0
    for group in groups:
        if shown < CARDS_OF_ME:
            yield group
        shown += len(group.cards)


def _checkins(actor: Actor, query: Mapping[str, str]) -> str:
    if not has(actor, "checkins.read") or "elder" in query or query.get("part", TODAY) != TODAY:
        return ""
    board = db.read(care_kept.today, actor=actor, filters=care_filters(query), now=now())
    if not board.tiles:
        return ""
    head = _bones("care", "title", "parts")
    body = f"{head}{care_markup.figures_html(board)}{_bones('filters', *['list'] * 4, 'text')}"
    return _framed(f"{body}<div>{care_markup.tiles_html(board)}</div>")


def _charts(actor: Actor, query: Mapping[str, str]) -> str:
    if not has(actor, "charts.read") or "proof" in query:
        return ""
    cards = db.read(chart_cards.asked, actor=actor, query=query, now=now())
    lists = ["period", *["list"] * (4 if len(communities_of(actor.grants)) > 1 else 3)]
    head = _bones("charts-head", "title", *lists) + _bones("charts-head", "parts")
    html = chart_markup.cards_html(map(chart_markup.face, cards))
    return _framed(f'{head}<div class="charts">{html}</div>')


def _bones(name: str, *kinds: str) -> str:
    return f'<div class="bones {name}">{"".join(f"<span class={kind}></span>" for kind in kinds)}</div>'


def _framed(body: str, style: str = "") -> str:
    return f'{style}<div class="brand">{_BRAND}</div><div class="linli">{body}</div>'


@dataclass(frozen=True)
class Page:
    """How a page is drawn for a reader, and what it takes: styles now, scripts later."""

    draw: Callable[[Actor, Mapping[str, str]], str]
    styles: tuple[str, ...]
    sent: Sent | None
    widgets: tuple[str, ...] = _WIDGETS


_PAGES = {
    "tickets": Page(_tickets, ("board/board.css",), BOARD),
    "me": Page(_me, ("board/board.css",), BOARD),
    "checkins": Page(_checkins, ("board/board.css", "care/care.css"), CARE),
    "charts": Page(_charts, ("board/board.css", "charts/charts.css"), None, _CHARTED),
}
