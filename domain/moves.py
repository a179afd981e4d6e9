"""Which steps a card on the board may take, and what dropping it on another column means.

Nothing is decided here: a specimen of each case is held against the one table of steps, so the board
offers what the commands let through.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from domain import steps
from domain.access import Actor, Grant, Role
from domain.areas import Level
from domain.board import Card
from domain.due import Grade
from domain.errors import WrongState
from domain.steps import ACTION_LABELS, TRANSITIONS
from domain.tickets import COLUMN_LABELS, COLUMN_OF, Action, Channel, Column, Kind, Status, Ticket, Tie

# what a step can be taken back by, as long as nobody has gone on from there
UNDO = {Action.DISPATCH: Action.RECALL}
TOGETHER = (Action.DISPATCH, Action.URGE)  # for several cards at once
# these are about what a ticket says: the drawer shows it
_IN_DRAWER_ONLY = frozenset({Action.EDIT, Action.COMMENT})

_S, _C = Status, Column
_OFFERED, _NOBODY = "accepted.offered", "closed.nobody"
SPOTS: tuple[str, ...] = (*Status, _OFFERED, _NOBODY)
_WHY: dict[tuple[str, Column], str] = {
    (_S.REPORTED, _C.FOLLOW_UP): "还没有派单，不能直接到“待回访”。",
    (_S.REPORTED, _C.DONE): "还没有派单，不能直接办结；不归社区办的，请用“不予受理”。",
    (_S.ACCEPTED, _C.FOLLOW_UP): "还没有派单，不能直接到“待回访”。",
    (_S.ACCEPTED, _C.DONE): "还没有派单，办完并回访后才能办结。",
    (_S.DISPATCHED, _C.TODO): "只有派单的人可以撤回派单。",
    (_S.DISPATCHED, _C.FOLLOW_UP): "还没有接单，接单办完后再到“待回访”。",
    (_S.DISPATCHED, _C.DONE): "还没有接单，办完并回访后才能办结。",
    (_S.IN_PROGRESS, _C.TODO): "已经接单在办，不能退回“待处理”；要换人请用“转派”。",
    (_S.IN_PROGRESS, _C.DONE): "还没有填处理结果，先到“待回访”，回访后办结。",
    (_S.RESOLVED, _C.TODO): "已经处理完成；没办好的，请退到“处理中”重办。",
    (_S.CLOSED, _C.TODO): "已经办结；要重办请移到“处理中”重新打开。",
    (_NOBODY, _C.DOING): "已经办结，没有处理人；要重办请移到“待处理”重新打开。",
    (_S.CLOSED, _C.FOLLOW_UP): "已经办结；要重办请重新打开。",
    (_NOBODY, _C.FOLLOW_UP): "已经办结；要重办请重新打开。",
    (_S.REJECTED, _C.DOING): "不予受理的，重新打开后先回到“待处理”。",
    (_S.REJECTED, _C.FOLLOW_UP): "不予受理的，重新打开后先回到“待处理”。",
    (_S.CANCELLED, _C.DOING): "已撤销的，重新打开后先回到“待处理”。",
    (_S.CANCELLED, _C.FOLLOW_UP): "已撤销的，重新打开后先回到“待处理”。",
}


@dataclass(frozen=True)
class Lead:
    """A step from where a card is: its words, the column it leads to, and who may."""

    action: Action
    label: str
    column: Column | None
    anyone: bool  # whoever has this role; otherwise only those with one of the ties
    ties: frozenset[Tie]


def spot(card: Card) -> str:
    """Name the case a card is in: its status, and what else decides about its steps."""
    if card.status is Status.ACCEPTED and card.claimable:
        return _OFFERED
    if card.status is Status.CLOSED and not card.handler:
        return _NOBODY
    return card.status


def leads(name: str, roles: Iterable[Role], *, read_only: bool = False) -> tuple[Lead, ...]:
    """List the steps that somebody with these roles may take on a card in this spot."""
    return _leads(name, frozenset(roles), read_only)


@lru_cache(maxsize=1000)
def _leads(name: str, roles: frozenset[Role], read_only: bool) -> tuple[Lead, ...]:
    ticket = _specimen(name)
    actor = _holder(roles, read_only)
    by_role = _allowed(actor, ticket)
    by_tie = {tie: _allowed(actor, _tied(ticket, tie)) for tie in Tie}
    return tuple(
        Lead(
            action,
            label_of(action, ticket.status),
            COLUMN_OF.get(steps.target(action, ticket)),
            action in by_role,
            frozenset(tie for tie, held in by_tie.items() if action in held),
        )
        for action in TRANSITIONS
        if action not in _IN_DRAWER_ONLY and (action in by_role or any(action in held for held in by_tie.values()))
    )


def label_of(action: Action, status: Status) -> str:
    both = action is Action.DISPATCH and status is Status.REPORTED
    return "受理并派单" if both else ACTION_LABELS[action]


def why_not(name: str, column: Column) -> str:
    """Say why a card in this spot doesn't go there: no step does, or this person may not take it."""
    name = Status.ACCEPTED if name == _OFFERED else name
    return _WHY.get((name, column), "这一步要由社区工作者或经办人来做。")


def meant(actor: Actor, ticket: Ticket, column: Column, *, now: datetime) -> Action:
    """Find the step that a drop on this column means; refuse with the reason otherwise."""
    if COLUMN_OF.get(ticket.status) is column:
        raise WrongState(f"工单 {ticket.no} 已经在“{COLUMN_LABELS[column]}”。")
    may = _allowed(actor, ticket, now)
    for action in TRANSITIONS:
        if action in may and COLUMN_OF.get(steps.target(action, ticket)) is column:
            return action
    nobody = ticket.status is Status.CLOSED and ticket.handler_id is None
    raise WrongState(f"工单 {ticket.no} {why_not(_NOBODY if nobody else ticket.status, column)}")


# --- specimens ------------------------------------------------------------------------------------

_NOW = datetime(2000, 1, 1, tzinfo=UTC)
_ME, _OTHER = UUID(int=1), UUID(int=2)
_SPECIMEN = Ticket(
    id=_OTHER,
    no="",
    community_id=_OTHER,
    area_id=_OTHER,
    area_path="/",
    kind=Kind.REPORT,
    status=Status.REPORTED,
    title="",
    address="",
    category_id=None,
    matter=None,
    grade=Grade.NORMAL,
    channel=Channel.PHONE,
    handler_id=None,
    handler_user_id=None,
    reporter_user_id=None,
    dispatched_by=None,
    open_to_volunteers=False,
    round_no=1,
    reported_at=_NOW,
    due_at=None,
    first_contact_at=None,
    urged_at=None,
    closed_at=None,
    version=1,
)
_NOBODY_YET = frozenset({Status.REPORTED, Status.ACCEPTED})


def _specimen(name: str) -> Ticket:
    status, _, more = name.partition(".")
    held = Status(status) not in _NOBODY_YET and more != "nobody"
    closed = _NOW - timedelta(days=1) if status == Status.CLOSED else None
    return replace(
        _SPECIMEN,
        status=Status(status),
        handler_id=_OTHER if held else None,
        open_to_volunteers=more == "offered",
        closed_at=closed,
    )


def _holder(roles: frozenset[Role], read_only: bool) -> Actor:
    grants = tuple(Grant(role, _OTHER, "/", Level.COMMUNITY, frozenset({_OTHER})) for role in sorted(roles))
    return Actor(_ME, "", grants=grants, read_only=read_only)


def _tied(ticket: Ticket, tie: Tie) -> Ticket:
    match tie:
        case Tie.HANDLER:
            return replace(ticket, handler_user_id=_ME)
        case Tie.REPORTER:
            return replace(ticket, reporter_user_id=_ME)
        case Tie.DISPATCHER:
            return replace(ticket, dispatched_by=_ME)


def _allowed(actor: Actor, ticket: Ticket, now: datetime = _NOW) -> frozenset[Action]:
    """List the steps, with a dispatch for who may accept and dispatch in one form."""
    found = frozenset(steps.allowed(actor, ticket, now=now))
    both = ticket.status is Status.REPORTED and Action.ACCEPT in found
    return found | {Action.DISPATCH} if both else found
