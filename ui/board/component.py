"""The board on a page: one message of HTML to the browser, and back what the reader opened."""

import json
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import streamlit as st

from ui.board.sent import BOARD

_mount = st.components.v2.component("linli_board", js=BOARD.script)


class Picked(Protocol):
    """What came back in this run: a ticket's id, a column's name, a figure's name, or None each.

    `moved`: one card, its version, the step or the column, and a nonce; `chosen`: several cards.
    """

    opened: str | None
    more: str | None
    picked: str | None
    moved: Mapping[str, Any] | None
    chosen: Mapping[str, Any] | None


def _nothing() -> None:
    """Be a callback, so that the field is there even when nothing came back."""


def board(
    html: str | None,
    *,
    key: str,
    scope: str = "",
    live: Mapping[str, Any] | None = None,
    table: Mapping[str, Any] | None = None,
    answer: Mapping[str, Any] | None = None,
    on_opened: Callable[[], Any] = _nothing,
    on_more: Callable[[], Any] = _nothing,
    on_picked: Callable[[], Any] = _nothing,
    on_moved: Callable[[], Any] = _nothing,
    on_chosen: Callable[[], Any] = _nothing,
) -> Picked:
    """Draw the markup; with None keep what stands, as the push has it. Cards whose version changed light up,
    unless `scope` (the filters) did too.

    With `live` (`following`) it follows the push from there on.
    With a `table` (`ui.board.table`) cards can be moved; `answer` is what the last move led to.
    """
    return _mount(
        key=key,
        data=packed(html, {"scope": scope, "live": live, "table": table, "answer": answer}),
        on_opened_change=on_opened,
        on_more_change=on_more,
        on_picked_change=on_picked,
        on_moved_change=on_moved,
        on_chosen_change=on_chosen,
        on_resync_change=_nothing,  # the run itself is what was wanted
    )


def packed(html: str | None, told: Mapping[str, Any]) -> bytes:
    """Say it in bytes: Streamlit writes JSON three times, each Chinese character in six."""
    return b'{"html":' + _quoted(html) + b"," + _json(told)[1:]


@lru_cache(maxsize=12)
def _quoted(html: str | None) -> bytes:
    """Write the long part once for all readers of one drawing."""
    return _json(html)


def _json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def following(
    page: str,
    *,
    stamp: int,
    at: datetime,
    empty: bool,
    query: Mapping[str, str] | None = None,
    shown: Mapping[str, int] | None = None,
    figures: str = "",
    ticket: str | None = None,
) -> dict[str, Any]:
    """Say what the browser is to follow, and of which state this drawing is; see `web/live.py`."""
    return {
        "page": page,
        "query": dict(query or {}),
        "shown": dict(shown or {}),
        "stamp": stamp,
        "at": round(at.timestamp() * 1000),
        "empty": empty,
        "figures": zlib.crc32(figures.encode()),
        "ticket": [ticket, 0] if ticket else None,
    }


def figures_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """Let the row of figures hear what the board is told."""
    return {"part": "figures", "stamp": live["stamp"], "at": live["at"]}
