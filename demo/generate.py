"""Fill an empty database with a made-up neighbourhood: the same seed and moment give the same rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import db
from db import bulk, categories
from demo import care, people, places, points
from demo.cases import Cases, Categories, Weather
from demo.chance import Chance
from demo.histories import History
from demo.past import Past
from demo.people import Census, Rows
from demo.plan import PLANS, Plan, Share
from demo.screens import Desk, slots
from demo.story import Story
from domain.clock import at_local, local, local_date
from domain.errors import Refused
from domain.live import Topic

SEED = 20261122


@dataclass(frozen=True)
class Made:
    """What was written."""

    rows: int
    tickets: int
    events: int
    people: int
    users: int


def generate(*, size: str = "demo", seed: int = SEED, today: date | None = None, now: datetime) -> Made:
    """Fill the database in force, freshly prepared; another `today` moves everything to that day's same hour."""
    if size not in PLANS:
        raise Refused(f"没有这种规模：{size}，可选：{'、'.join(PLANS)}。")
    moment = at_local(today, local(now).time()) if today else now
    rows = _rows(PLANS[size], seed, moment.replace(microsecond=0), _categories())
    mark = {"seed": seed, "date": local_date(moment).isoformat(), "size": size}
    written = db.run(bulk.fill_demo, rows=rows, mark=mark, now=moment)
    count = {name: len(rows[name]) for name in ("ticket", "ticket_event", "person", "app_user")}
    return Made(written, *count.values())


def _categories() -> Categories:
    return {(c.parent_name, c.name): c.id for c in db.read(categories.listed, with_inactive=True)}


def _rows(plan: Plan, seed: int, now: datetime, known: Categories) -> Rows:
    made_at = now - plan.span - timedelta(days=30)
    street = places.build(Chance(seed, "places"), made_at, grids=plan.grids, buildings=plan.buildings)
    census = Census(Chance(seed, "people"), made_at, known)
    teams = people.form_teams(census, street, plan.shares)
    rows = census.rows
    rows["area"] = places.rows(street)
    weather = Weather.of(local_date(now), plan.days, Chance(seed, "weather"))
    for team, share in zip(teams, plan.shares, strict=True):
        # the past has its own stream: it stays the same whatever the hour makes of the day
        now_and_past = (Chance(seed, team.community.code, part) for part in ("now", "past"))
        cases, past = (Cases(team, known, weather, chance) for chance in now_and_past)
        histories = list(current(cases, share, now))
        histories += Past(past, now, plan.days).tickets(share.tickets - len(histories))
        add(rows, team.community.id, histories)
        care.add(rows, team, histories, Chance(seed, team.community.code, "care"), now)
        points.add(rows, team, histories, Chance(seed, team.community.code, "points"), now)
    return rows


def current(cases: Cases, share: Share, now: datetime) -> Iterator[History]:
    """Make the fixed story, then whatever else the board shows."""
    desk = Desk(cases, now)
    wanted, closed = slots(share.screen), share.screen.closed
    if cases.team.has_story:
        story = Story(desk)
        for slot, history in story.open_work():
            wanted[slot] -= 1
            yield history
        ended = list(story.closed())
        closed -= len(ended)
        yield from ended
    yield from desk.open_work(wanted)
    yield from desk.closed(closed, desk.closed_by_now(share.screen.closed_today))


def add(rows: Rows, community_id: UUID, histories: list[History], *, before: int = 0, events_before: int = 0) -> None:
    """Number the tickets in the order in which they came in, after those before, and take over their rows."""
    histories.sort(key=lambda history: (history.row["reported_at"], history.row["id"]))
    for number, history in enumerate(histories, before + 1):
        rows["ticket"].append(history.row | {"number": number})
        rows["ticket_text"].append(_text(history))
        rows["ticket_event"] += history.events
        rows["ticket_note"] += history.notes
        rows["attachment"] += history.photos
    rows["counter"].append({"community_id": community_id, "name": "ticket", "value": before + len(histories)})
    events = events_before + sum(len(history.events) for history in histories)
    rows["change_stamp"].append({"community_id": community_id, "topic": Topic.BOARD.value, "stamp": events})


def _text(history: History) -> dict[str, Any]:
    said = {"description": history.case.told, "result": history.result, "extra": {}}
    return {"ticket_id": history.row["id"]} | said
