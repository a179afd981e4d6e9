"""Elders in any number with their looks, written in bulk: what the page and the sweep are measured on."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

import db.engine
from db import crypto
from db.models import AreaRow, CheckWindowRow, ElderRow, PersonRow
from domain.areas import Level
from domain.care import Sign, Slot, Tier, WindowState
from domain.clock import at_local, local_date
from domain.ids import new_id

BATCH = 20_000
FIRST_NUMBER = 10_000  # beyond those of the demo
_HOURS = {Slot.MORNING: (7, 9), Slot.EVENING: (18, 20)}


def fill(community: UUID, count: int, *, days: int, now: datetime, due_at: datetime | None = None) -> None:
    """Put so many elders with two looks a day into a community; `due_at`: today's are to be swept only then."""
    places = _places(community)
    elders = [(new_id(), new_id(), *places[n % len(places)]) for n in range(count)]
    _write(PersonRow, _persons(community, elders, now))
    _write(ElderRow, _elders(community, elders, now))
    today = local_date(now)
    for back in range(days):
        _write(CheckWindowRow, _windows(community, elders, today - timedelta(days=back), now, due_at))


def _places(community: UUID) -> list[tuple[UUID, str, UUID]]:
    """List the buildings there, each with its path and the grid that it lies in."""
    with db.engine.get().connect() as connection:
        row = AreaRow.__table__.c
        query = select(row.id, row.path, row.parent_id).where(row.community_id == community)
        return [tuple(one) for one in connection.execute(query.where(row.level == Level.BUILDING.value))]


def _write(model: Any, rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, BATCH)):
        with db.engine.get().execution_options(begin_mode="IMMEDIATE").begin() as connection:
            connection.execute(insert(model.__table__), batch)


def _persons(community: UUID, elders: Sequence[tuple[Any, ...]], now: datetime) -> Iterator[dict[str, Any]]:
    name = crypto.seal("测速")  # one cipher for all: sealing a million names is not what is measured
    for _, person, _, _, _ in elders:
        yield {"id": person, "community_id": community, "name": name, "created_at": now, "version": 1}


def _elders(community: UUID, elders: Sequence[tuple[Any, ...]], now: datetime) -> Iterator[dict[str, Any]]:
    signs, tiers = tuple(Sign), tuple(Tier)
    for n, (elder, person, building, path, grid) in enumerate(elders):
        yield {
            "id": elder,
            "community_id": community,
            "number": FIRST_NUMBER + n,
            "person_id": person,
            "area_id": building,
            "area_path": path,
            "grid_id": grid,
            "building_id": building,
            "sign": signs[n % len(signs)].value,
            "tier": tiers[n % len(tiers)].value,
            "hard_of_hearing": False,
            "walk_order": n,
            "joined_on": local_date(now) - timedelta(days=400),
            "version": 1,
        }


def _windows(
    community: UUID, elders: Sequence[tuple[Any, ...]], day: date, now: datetime, due_at: datetime | None
) -> Iterator[dict[str, Any]]:
    today = day == local_date(now)
    state = WindowState.SCHEDULED if today else WindowState.SEEN_OK
    for slot, (first, last) in _HOURS.items():
        opens, due = at_local(day, time(first)), at_local(day, time(last))
        for elder, _, _, path, grid in elders:
            yield {
                "id": new_id(),
                "community_id": community,
                "elder_id": elder,
                "day": day,
                "slot": slot.value,
                "state": state.value,
                "area_path": path,
                "grid_id": grid,
                "sign": Sign.CURTAIN.value,
                "tier": Tier.B.value,
                "opens_at": opens,
                "due_at": due,
                "grace_until": due + timedelta(hours=1),
                "next_at": (due_at or opens) if today else None,
                "seen_at": None if today else opens,
                "version": 1,
            }
