"""平安守望 read already: the same tiles for all of one scope, while nothing there was written (as `db.board_kept`).

A minute at most: looks fall due at whole minutes, and what is overdue shows so before the sweep has come by.
"""

from collections import OrderedDict
from datetime import datetime
from threading import Lock

from sqlalchemy.orm import Session

from db import care_board, engine
from db.care_scope import communities
from db.writes import stamps_of
from domain.access import RIGHTS, Actor, grants_for
from domain.care_board import CareBoard, Filters
from domain.live import Topic
from domain.text import clean

MOST_TILES, MOST_BOARDS = 24_000, 300  # about 12 MB

_kept: OrderedDict[object, CareBoard] = OrderedDict()
_lock = Lock()


def today(session: Session, *, actor: Actor, filters: Filters, now: datetime) -> CareBoard:
    """Give what `db.care_board.today` gives, as it was read within this minute if nothing there was written since."""
    if clean(filters.text):  # one person's own question
        return care_board.today(session, actor=actor, filters=filters, now=now)
    # read before the tiles, in their transaction: whatever they show is in the stamps
    stamps = stamps_of(session, communities(actor), Topic.CARE)
    scope = frozenset(grants_for(actor, RIGHTS["checkins.read"]))
    key = (engine.get(), scope, filters, int(now.timestamp() // 60), stamps)
    with _lock:
        held = _kept.get(key)
    if held is None:
        held = care_board.today(session, actor=actor, filters=filters, now=now)
        _keep(key, held)
    return held


def _keep(key: object, board: CareBoard) -> None:
    with _lock:
        _kept[key] = board
        while len(_kept) > MOST_BOARDS or sum(len(held.tiles) for held in _kept.values()) > MOST_TILES:
            _kept.popitem(last=False)
