"""Cards as rows of one query: what each viewer may see of a ticket on a board, a list or under a figure."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, case, func, literal, select
from sqlalchemy.orm import aliased

from db.models import AreaRow, CategoryRow, PartyRow, TicketRow, TicketSupportRow
from db.ticket_events import number_text
from db.ticket_filters import sees_private
from domain.access import Actor, communities_of
from domain.board import Card
from domain.due import Grade, Matter, Urgency, urgency
from domain.tickets import CLOCK_RUNS, KIND_LABELS, Channel, Kind, Satisfaction, Status

PRIVATE = "私事"
MOST = 12_000  # cards to be had without making them, about 15 MB

# made once: a new alias costs as much as the query itself
_GRID, _COMMUNITY, _PARENT = aliased(AreaRow), aliased(AreaRow), aliased(CategoryRow)
_T = TicketRow
# what a card shows and nothing else: a whole row is three times as dear
_SHOWN = (
    *(_T.id, _T.number, _T.kind, _T.status, _T.title, _T.address, _T.grade, _T.matter, _T.channel, _T.version),
    *(_T.reported_at, _T.round_at, _T.due_at, _T.resolved_at, _T.closed_at, _T.first_contact_at),
    *(_T.urge_count, _T.open_to_volunteers, _T.round_no, _T.satisfaction, _T.single_duty),
    *(_T.dispatched_by, _T.reporter_user_id),
    PartyRow.user_id.label("handler_user"),
    CategoryRow.name.label("category"),
    _PARENT.name.label("parent"),
    _GRID.name.label("grid"),
    func.coalesce(func.nullif(_COMMUNITY.code, ""), _COMMUNITY.name).label("code"),
    select(func.count()).where(TicketSupportRow.ticket_id == _T.id).scalar_subquery().label("joined"),
)
_READ = len(_SHOWN) + 2  # with who handles it, and whether this viewer may read what is private
# to who sees no person: a unit by its name, of anyone else only what they do
_WHAT_THEY_DO = case(
    (PartyRow.is_unit, PartyRow.label),
    (PartyRow.trade != "", PartyRow.trade),
    (PartyRow.id.is_not(None), "已有人处理"),
)
# a service at home is somebody's, by its words and its flat: to who sees no person it is what it is about
_AT_HOME = _T.kind == Kind.SERVICE.value
_WITHOUT_PERSON = {
    "title": case((_AT_HOME, func.coalesce(CategoryRow.name, KIND_LABELS[Kind.SERVICE])), else_=_T.title),
    "address": case((_AT_HOME, ""), else_=_T.address),
}
_WITHOUT = tuple(_WITHOUT_PERSON[c.key].label(c.key) if c.key in _WITHOUT_PERSON else c for c in _SHOWN)
_NO_CODE = literal("").label("code")


# the same for every run of one person; to write it anew costs as much as to make their cards
@lru_cache(maxsize=64)
def cards_query(actor: Actor) -> Select[*tuple[Any, ...]]:
    shown = _WITHOUT if actor.figures_only else _SHOWN
    several = _several(actor)
    query = (
        select(
            *(shown if several else (_NO_CODE if c.key == "code" else c for c in shown)),
            (_WHAT_THEY_DO if actor.figures_only else PartyRow.label).label("handler"),
            sees_private(actor).label("sees_private"),
        )
        .outerjoin(PartyRow, PartyRow.id == _T.handler_id)
        .outerjoin(CategoryRow, CategoryRow.id == _T.category_id)
        .outerjoin(_PARENT, _PARENT.id == CategoryRow.parent_id)
        .outerjoin(_GRID, _GRID.id == _T.grid_id)
    )
    return query.join(_COMMUNITY, _COMMUNITY.id == _T.community_id) if several else query


def _several(actor: Actor) -> bool:
    """Tell who needs to know whose a number is: they start anew in each community."""
    return len(communities_of(actor.grants)) > 1


def cards_of(rows: Iterable[Any], actor: Actor, now: datetime) -> list[Card]:
    several = _several(actor)
    return [_card(row[:_READ], _near(row, now), several) for row in rows]


# looked up, not called: a board asks two thousand times
_KINDS, _STATES = {str(k): k for k in Kind}, {str(s): s for s in Status}
_GRADES, _MATTERS = {str(g): g for g in Grade}, {str(m): m for m in Matter}
_CHANNELS, _VERDICTS = {str(c): c for c in Channel}, {str(s): s for s in Satisfaction}


def _near(row: Any, now: datetime) -> Urgency:
    return urgency(row.due_at, row.round_at, now=now, done=_STATES[row.status] not in CLOCK_RUNS)


@lru_cache(maxsize=MOST)  # a board is read again after each change, and most of its cards are as they were
def _card(row: tuple[Any, ...], near: Urgency, several: bool) -> Card:
    # at one stroke, in the order of `_SHOWN`: asked for one by one, the names take half of the time
    id_, number, kind, state, title, address, grade, matter, channel, version, *more = row
    reported_at, _, due_at, resolved_at, closed_at, first_contact_at, *more = more
    urge_count, open_to_volunteers, round_no, satisfaction, single_duty, dispatched_by, reporter_user, *more = more
    handler_user, category, parent, grid, code, joined, handler, sees_private = more
    status = _STATES[state]
    hidden = matter == Matter.PRIVATE and not sees_private
    return Card(
        id=id_,
        no=number_text(number, code if several else ""),
        kind=_KINDS[kind],
        status=status,
        title=PRIVATE if hidden else title,
        place="" if hidden else address,
        grid="" if hidden else grid or "",
        category="" if hidden else parent or category or "",
        grade=_GRADES[grade],
        matter=_MATTERS[matter] if matter else None,
        channel=_CHANNELS[channel],
        urgency=near,
        handler="" if hidden else handler or "",
        reported_at=reported_at,
        due_at=due_at,
        resolved_at=resolved_at,
        closed_at=closed_at,
        contacted=first_contact_at is not None,
        urged=urge_count,
        told_by=1 if hidden else 1 + joined,
        claimable=open_to_volunteers and status is Status.ACCEPTED and not hidden,
        round_no=round_no,
        satisfaction=_VERDICTS[satisfaction] if satisfaction else None,
        single_duty=single_duty,
        hidden=hidden,
        version=version,
        handler_user=handler_user,
        dispatched_by=dispatched_by,
        reporter_user=reporter_user,
    )
