"""The rounds of a ticket that were not its last, as its events tell them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

ROUND = ("due_at", "resolved_at", "closed_at", "result_class", "satisfaction")


def rounds(events: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Fold a ticket's events into the rounds that ended before its last."""
    state: dict[str, Any] = dict.fromkeys(ROUND)
    number = 1
    for event in events:
        if event.round_no > number:
            told = {name: _moment(state[name]) if name.endswith("_at") else state[name] for name in ROUND}
            tied = {"ticket_id": event.ticket_id, "community_id": event.community_id, "round_no": number}
            yield tied | told | {"reopened_at": event.at}
            number = event.round_no
        state |= {name: event.changes[name][1] for name in ROUND if event.changes.get(name)}


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
