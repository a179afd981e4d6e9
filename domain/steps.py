"""The one table of steps: who may take which, from where to where.

It drives buttons, permissions, tests and the documentation. Longer processes add rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.access import DISPATCHERS, OFFICE, STAFF, Actor, Role
from domain.due import Matter
from domain.errors import NotAllowed, Refused, WrongState
from domain.tickets import OPEN, REOPEN_WITHIN, STATUS_LABELS, URGE_EVERY, Action, Status, Ticket, Tie


@dataclass(frozen=True)
class Transition:
    action: Action
    label: str
    sources: frozenset[Status]
    targets: tuple[Status, ...]  # empty: the state stays; several: the guard picks
    roles: frozenset[Role]
    ties: frozenset[Tie] = frozenset()
    needs: tuple[str, ...] = ()  # the fields that a form must ask for
    by_hand: bool = True  # False: no button, another command does it


def _t(
    action: Action,
    label: str,
    sources: Iterable[Status],
    target: Status | tuple[Status, ...] = (),
    roles: Iterable[Role] = (),
    ties: Iterable[Tie] = (),
    needs: tuple[str, ...] = (),
    *,
    by_hand: bool = True,
) -> Transition:
    targets = (target,) if isinstance(target, Status) else target
    return Transition(
        action,
        label,
        frozenset(sources),
        targets,
        frozenset(roles),
        frozenset(ties),
        needs,
        by_hand,
    )


_S, _R = Status, Role
TRANSITIONS: dict[Action, Transition] = {
    t.action: t
    for t in (
        # the system's own alerts start as accepted: nobody has to decide whether to take them on
        _t(Action.REPORT, "上报", (), (_S.REPORTED, _S.ACCEPTED), STAFF | {_R.VOLUNTEER}, needs=("title",)),
        _t(Action.ACCEPT, "受理", {_S.REPORTED}, _S.ACCEPTED, DISPATCHERS),
        _t(
            Action.DISPATCH,
            "派单",
            {_S.ACCEPTED},
            _S.DISPATCHED,
            DISPATCHERS,
            needs=("handler_id",),
        ),
        _t(
            Action.CLAIM,
            "接单",
            {_S.ACCEPTED, _S.DISPATCHED},
            _S.IN_PROGRESS,
            DISPATCHERS | {_R.VOLUNTEER},
            {Tie.HANDLER},
        ),
        _t(
            Action.CONTACT,
            "先行联系",
            {_S.IN_PROGRESS},
            (),
            DISPATCHERS,
            {Tie.HANDLER},
            ("reached",),
        ),
        _t(
            Action.RESOLVE,
            "处理完成",
            {_S.IN_PROGRESS},
            _S.RESOLVED,
            DISPATCHERS,
            {Tie.HANDLER},
            ("result_class", "note"),
        ),
        _t(Action.CLOSE, "回访办结", {_S.RESOLVED}, _S.CLOSED, DISPATCHERS, needs=("satisfaction",)),
        _t(
            Action.VERIFY_FAIL,
            "退回重办",
            {_S.RESOLVED},
            _S.IN_PROGRESS,
            DISPATCHERS,
            needs=("note",),
        ),
        _t(
            Action.TRANSFER,
            "转派",
            {_S.DISPATCHED, _S.IN_PROGRESS},
            _S.DISPATCHED,
            DISPATCHERS,
            needs=("handler_id", "note"),
        ),
        # whoever has it says it is not for them; of what is being worked on only what they took by themselves
        _t(
            Action.RETURN,
            "退单",
            {_S.DISPATCHED, _S.IN_PROGRESS},
            _S.ACCEPTED,
            (),
            {Tie.HANDLER},
            ("note",),
        ),
        _t(Action.RECALL, "撤回派单", {_S.DISPATCHED}, _S.ACCEPTED, (), {Tie.DISPATCHER}),
        _t(
            Action.REJECT,
            "不予受理",
            {_S.REPORTED},
            _S.REJECTED,
            OFFICE,
            needs=("reject_reason", "note"),
        ),
        _t(
            Action.REOPEN,
            "重新打开",
            {_S.CLOSED, _S.REJECTED, _S.CANCELLED},
            (_S.IN_PROGRESS, _S.ACCEPTED, _S.REPORTED),
            OFFICE,
            needs=("note",),
        ),
        _t(Action.URGE, "催办", OPEN, (), DISPATCHERS | {_R.LEADER}, {Tie.REPORTER}),
        _t(Action.COMMENT, "备注", Status, (), STAFF, set(Tie), ("note",)),
        _t(Action.EDIT, "修改", OPEN, (), DISPATCHERS),
        # one more resident has reported the same; offered while a report is written, not as a button
        _t(Action.SUPPORT, "同类反映", OPEN, (), STAFF, by_hand=False),
        # added while it is open; taken off whenever somebody asks for it
        _t(
            Action.PHOTO, "照片", Status, (), DISPATCHERS | {_R.GRID_WORKER}, {Tie.HANDLER, Tie.REPORTER}, by_hand=False
        ),
        _t(
            Action.CANCEL,
            "撤销",
            {_S.REPORTED, _S.ACCEPTED, _S.DISPATCHED, _S.IN_PROGRESS},
            _S.CANCELLED,
            OFFICE,
            {Tie.REPORTER},
            ("note",),
        ),
        _t(
            Action.IMPORT,
            "导入",
            Status,
            tuple(Status),
            OFFICE | {_R.ADMIN},
            by_hand=False,
        ),
        _t(
            Action.IMPORT_UNDO,
            "撤销导入",
            Status,
            (_S.CANCELLED, *Status),
            OFFICE | {_R.ADMIN},
            by_hand=False,
        ),
    )
}
ACTION_LABELS = {action: t.label for action, t in TRANSITIONS.items()}
# what a reporter may still take back by themselves
_REPORTER_CANCELS = frozenset({Status.REPORTED, Status.ACCEPTED})


def ties(actor: Actor, ticket: Ticket) -> frozenset[Tie]:
    pairs = (
        (Tie.HANDLER, ticket.handler_user_id),
        (Tie.REPORTER, ticket.reporter_user_id),
        (Tie.DISPATCHER, ticket.dispatched_by),
    )
    return frozenset(tie for tie, user in pairs if user == actor.user_id)


def check_right(actor: Actor, action: Action, ticket: Ticket) -> None:
    """Refuse who may never take this step on this ticket, whatever its state."""
    step = TRANSITIONS[action]
    roles = actor.roles_at(ticket.area_path)
    bound = ties(actor, ticket)
    if actor.read_only or not (roles & step.roles or bound & step.ties):
        raise NotAllowed(f"您没有对工单 {ticket.no} 做“{step.label}”的权限，请联系社区工作者。")
    if must_hide(actor, ticket):  # taking a step on it would open it
        raise NotAllowed(f"工单 {ticket.no} 是私事，只由社区工作者和经办人处理。")
    if action is Action.CLAIM and not (roles & DISPATCHERS or Tie.HANDLER in bound):
        _check_volunteer_claim(ticket)
    if action is Action.CANCEL and not roles & step.roles and ticket.status not in _REPORTER_CANCELS:
        raise NotAllowed(f"工单 {ticket.no} 已派单，请联系社区工作者撤销。")


def _check_volunteer_claim(ticket: Ticket) -> None:
    if not ticket.open_to_volunteers:
        raise NotAllowed(f"工单 {ticket.no} 没有开放给志愿者认领。")
    if ticket.handler_id is not None:
        raise NotAllowed(f"工单 {ticket.no} 已有人在办，谢谢您，看看别的可以帮忙的事吧。")


def may(actor: Actor, action: Action, ticket: Ticket) -> bool:
    """Tell whether this person ever takes this step on this ticket, whatever its state."""
    try:
        check_right(actor, action, ticket)
    except NotAllowed:
        return False
    return True


def check_state(action: Action, ticket: Ticket, *, now: datetime) -> None:
    """Refuse a step that does not lead on from where the ticket is."""
    step = TRANSITIONS[action]
    if ticket.status not in step.sources:
        raise WrongState(_why_not(step, ticket))
    if action is Action.CLAIM and ticket.status is Status.ACCEPTED and not ticket.open_to_volunteers:
        raise WrongState(f"工单 {ticket.no} 还没有派单，请先派单再接单。")
    if action is Action.RETURN and ticket.status is Status.IN_PROGRESS and ticket.dispatched_by is not None:
        raise WrongState(f"工单 {ticket.no} 是派下来并已接单的，不能退单；办不了请联系派单的同事“转派”。")
    if action is Action.REOPEN and ticket.closed_at and now - ticket.closed_at > REOPEN_WITHIN:
        raise WrongState(f"工单 {ticket.no} 办结已超过 {REOPEN_WITHIN.days} 天，请登记一张新工单并注明原编号。")
    if action is Action.URGE and ticket.urged_at and now - ticket.urged_at < URGE_EVERY:
        raise WrongState(f"工单 {ticket.no} 24 小时内已催办过，请先看看办理进展。")


def _why_not(step: Transition, ticket: Ticket) -> str:
    state = STATUS_LABELS[ticket.status]
    if step.action is Action.CLOSE and ticket.handler_id is None:
        return f"工单 {ticket.no} 还没有处理人，不能办结，请先派单。"
    if step.action is Action.DISPATCH and ticket.status is Status.CLOSED:
        return f"工单 {ticket.no} 已办结，不能再派单；确需再办请先“重新打开”。"
    wanted = "、".join(STATUS_LABELS[s] for s in Status if s in step.sources)
    return f"工单 {ticket.no} 现在是“{state}”，不能{step.label}（要在“{wanted}”时才可以）。"


def check(actor: Actor, action: Action, ticket: Ticket, *, now: datetime) -> None:
    check_right(actor, action, ticket)
    check_state(action, ticket, now=now)


def allowed(actor: Actor, ticket: Ticket, *, now: datetime) -> tuple[Action, ...]:
    """List the steps this person may take on this ticket now, in the table's order."""
    return tuple(
        t.action for t in TRANSITIONS.values() if t.by_hand and t.sources and not _refused(actor, t.action, ticket, now)
    )


def _refused(actor: Actor, action: Action, ticket: Ticket, now: datetime) -> bool:
    try:
        check(actor, action, ticket, now=now)
    except Refused:
        return True
    return False


def target(action: Action, ticket: Ticket) -> Status:
    """Tell where the step leads; the current state if it stays."""
    step = TRANSITIONS[action]
    if action is Action.REOPEN:
        if ticket.status is not Status.CLOSED:
            return Status.REPORTED
        return Status.IN_PROGRESS if ticket.handler_id else Status.ACCEPTED
    return step.targets[0] if step.targets else ticket.status


def must_hide(actor: Actor, ticket: Ticket) -> bool:
    """Tell whether this viewer sees a 私事 as number and 私事 only."""
    if ticket.matter is not Matter.PRIVATE or ties(actor, ticket):
        return False
    return not actor.roles_at(ticket.area_path) & OFFICE
