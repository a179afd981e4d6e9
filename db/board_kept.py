"""Boards read already: whoever sees the same gets the same one, while nothing was written and its minute lasts."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from threading import Lock
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from db import board as boards
from db import engine, live
from db.ticket_filters import Filters
from db.writes import stamps_of
from domain.access import Actor, communities_of
from domain.board import Board
from domain.text import clean

_AS_USUAL: Mapping[str, int] = MappingProxyType({})
MOST_CARDS, MOST_BOARDS = 12_000, 300  # about 15 MB of cards

_kept: OrderedDict[object, Board] = OrderedDict()
_lock = Lock()


def board(
    session: Session, /, *, actor: Actor, now: datetime, shown: Mapping[str, int] = _AS_USUAL, **asked: Any
) -> Board:
    """Give what `db.board.board` gives, as it was read within this minute if nothing they see was written since."""
    read = partial(boards.board, session, actor=actor, now=now, shown=shown, **asked)
    filters: Filters = asked["filters"]
    if clean(filters.text):  # one person's own question, of texts that no stamp tells of
        return read()
    # read before the board, in its transaction: whatever is in the board is in the stamps
    found = live.reach(session, actor=actor)
    stamps = stamps_of(session, found.communities)
    key = (
        engine.get(),
        live.sight(actor, alone=found.alone or filters.mine),
        tuple(sorted(shown.items())),
        tuple(sorted(asked.items())),
        int(now.timestamp() // 60),
        stamps,
    )
    held = _get(key)
    if held is None:
        own = communities_of(actor.grants)  # all within reach
        held = read(alone=found.alone, stamp=sum(stamp for community, stamp in stamps if community in own))
        _keep(key, held)
    return held


def _get(key: object) -> Board | None:
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _keep(key: object, board: Board) -> None:
    with _lock:
        _kept[key] = board
        cards = sum(map(_size, _kept.values()))
        while len(_kept) > MOST_BOARDS or cards > MOST_CARDS:
            cards -= _size(_kept.popitem(last=False)[1])


def _size(board: Board) -> int:
    return 1 + sum(len(column.cards) for column in board.columns)


def forget() -> None:
    """Have every board read anew."""
    with _lock:
        _kept.clear()
