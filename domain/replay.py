"""Events: what each row says, and how they fold back into the ticket's row."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.steps import TRANSITIONS
from domain.tickets import Action, Status


@dataclass(frozen=True)
class Event:
    """One append-only row of a ticket's history. `changes`: field → [old, new], never personal."""

    seq: int
    action: Action
    from_status: Status | None
    to_status: Status
    round_no: int
    actor_id: UUID | None
    at: datetime
    changes: Mapping[str, Any]
    prev_hash: str
    hash: str


REPLAYED = (
    "status",
    "round_no",
    "handler_id",
    "kind",
    "grade",
    "matter",
    "category_id",
    "area_id",
    "due_at",
    "open_to_volunteers",
)


FIRST = frozenset({Action.REPORT, Action.IMPORT})


def replay(events: Iterable[Event]) -> dict[str, Any]:
    """Fold a ticket's events into the fields that its row must hold."""
    state: dict[str, Any] = dict.fromkeys(REPLAYED)
    for event in events:
        state |= {name: pair[1] for name, pair in event.changes.items() if name in state and pair is not None}
        state |= {"status": event.to_status.value, "round_no": event.round_no}
    return state


def broken_steps(events: Iterable[Event]) -> list[str]:
    """Name every event that the table does not allow or that does not follow the one before it."""
    found, status = [], None
    for number, event in enumerate(events, 1):
        step = TRANSITIONS[event.action]
        fits = event.to_status in step.targets if step.targets else event.to_status == status
        starts = event.from_status in step.sources if status else event.action in FIRST
        if event.seq != number or event.from_status != status or not (fits and starts):
            found.append(f"seq {event.seq}: {event.action} {event.from_status} → {event.to_status}")
        status = event.to_status
    return found


def chain(prev_hash: str, body: str) -> str:
    """Link an event to the one before it; `body` is its canonical JSON."""
    return hashlib.sha256(f"{prev_hash}\n{body}".encode()).hexdigest()
