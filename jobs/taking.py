"""Taking on what is due, many at a time; and one by one when one of them can't be."""

import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from domain.errors import Busy

_LOG = logging.getLogger("linli")


def take(move: Callable[..., int], due_ids: Callable[[], Sequence[UUID]], batch: int) -> int:
    """Move on all that is due, `limit` at a time; a batch that was not full was the last one.

    What can't be moved must keep nobody else waiting: then each is moved by itself (`only`), and the first error
    is raised at the end, so that the job counts as failed until somebody has seen to it.
    """
    moved, last = 0, batch
    try:
        while last == batch:
            last = move(limit=batch)
            moved += last
    except Busy:  # no row is to blame
        raise
    except Exception:
        moved += _one_by_one(move, due_ids())
    return moved


def _one_by_one(move: Callable[..., int], ids: Sequence[UUID]) -> int:
    moved, first = 0, None
    for one in ids:
        try:
            moved += move(only=one)
        except Busy:
            raise
        except Exception as error:
            first = first or error
            _LOG.error("due.stuck", extra={"fields": {"error": type(error).__name__, "id": one.hex}})
    if first is not None:
        raise first
    return moved
