"""Every step of a ticket as its command, with what it needs and a ticket on which it leads on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from sqlalchemy.orm import Session

import db
from db import attachments, blobs, parties, supports, tickets
from db.models import UserRow
from domain.access import Actor
from domain.due import Grade
from domain.errors import Refused
from domain.ids import new_id
from domain.pictures import Kept
from domain.tickets import Action, PhotoStage, RejectReason, Result, Status, Ticket
from tests.builders import NOW, World, report, step

COMMANDS: dict[Action, Callable[..., Ticket]] = {
    Action.ACCEPT: tickets.accept,
    Action.REJECT: tickets.reject,
    Action.DISPATCH: tickets.dispatch,
    Action.CLAIM: tickets.claim,
    Action.CONTACT: tickets.contact,
    Action.TRANSFER: tickets.transfer,
    Action.RECALL: tickets.recall,
    Action.RESOLVE: tickets.resolve,
    Action.CLOSE: tickets.close,
    Action.VERIFY_FAIL: tickets.verify_fail,
    Action.REOPEN: tickets.reopen,
    Action.CANCEL: tickets.cancel,
    Action.COMMENT: tickets.comment,
    Action.URGE: tickets.urge,
    Action.EDIT: tickets.edit,
    Action.SUPPORT: supports.add,
    Action.PHOTO: attachments.add,
}
# a state from which each leads on
FROM = {
    Action.ACCEPT: Status.REPORTED,
    Action.REJECT: Status.REPORTED,
    Action.DISPATCH: Status.ACCEPTED,
    Action.CLAIM: Status.DISPATCHED,
    Action.CONTACT: Status.IN_PROGRESS,
    Action.TRANSFER: Status.IN_PROGRESS,
    Action.RECALL: Status.DISPATCHED,
    Action.RESOLVE: Status.IN_PROGRESS,
    Action.CLOSE: Status.RESOLVED,
    Action.VERIFY_FAIL: Status.RESOLVED,
    Action.REOPEN: Status.CLOSED,
    Action.CANCEL: Status.ACCEPTED,
    Action.COMMENT: Status.REPORTED,
    Action.URGE: Status.DISPATCHED,
    Action.EDIT: Status.REPORTED,
    Action.SUPPORT: Status.IN_PROGRESS,
    Action.PHOTO: Status.IN_PROGRESS,
}
# and where to
TO = {
    Action.ACCEPT: Status.ACCEPTED,
    Action.REJECT: Status.REJECTED,
    Action.DISPATCH: Status.DISPATCHED,
    Action.CLAIM: Status.IN_PROGRESS,
    Action.CONTACT: Status.IN_PROGRESS,
    Action.TRANSFER: Status.DISPATCHED,
    Action.RECALL: Status.ACCEPTED,
    Action.RESOLVE: Status.RESOLVED,
    Action.CLOSE: Status.CLOSED,
    Action.VERIFY_FAIL: Status.IN_PROGRESS,
    Action.REOPEN: Status.IN_PROGRESS,
    Action.CANCEL: Status.CANCELLED,
    Action.COMMENT: Status.REPORTED,
    Action.URGE: Status.DISPATCHED,
    Action.EDIT: Status.REPORTED,
    Action.SUPPORT: Status.IN_PROGRESS,
    Action.PHOTO: Status.IN_PROGRESS,
}
_ON_THE_WAY = (Action.ACCEPT, Action.DISPATCH, Action.CLAIM, Action.RESOLVE, Action.CLOSE)


def needs(world: World, action: Action, ticket: Ticket) -> dict[str, Any]:
    """What the form of this step asks for."""
    edited = {
        "title": "楼道灯一闪一闪",
        "address": "3号楼1单元",
        "area_id": ticket.area_id,
        "category_id": None,
        "matter": ticket.matter,
        "grade": Grade.FAST,
    }
    other = world.wang if ticket.handler_id == world.cleaner else world.cleaner
    asked: dict[Action, dict[str, Any]] = {
        Action.REJECT: {"reason": RejectReason.ELSEWHERE, "note": "请打供电热线"},
        Action.DISPATCH: {"handler_id": world.wang},
        Action.TRANSFER: {"handler_id": other, "note": "王师傅病了"},
        Action.CONTACT: {"reached": True},
        Action.RESOLVE: {"result": Result.SOLVED, "note": "换了灯管"},
        Action.VERIFY_FAIL: {"note": "还是不亮"},
        Action.REOPEN: {"note": "又不亮了"},
        Action.CANCEL: {"note": "重复登记"},
        Action.COMMENT: {"note": "已通知物业"},
        Action.EDIT: edited,
        Action.PHOTO: {"stage": PhotoStage.BEFORE, "pictures": [Kept(blobs.put(b"picture"), 7, 4, 3)]},
        Action.SUPPORT: {"name": "何婆婆", "note": "我家门口也不亮"},
    }
    return asked.get(action, {})


def do(world: World, action: Action, ticket: Ticket, actor: Any = None, **more: Any) -> Ticket:
    asked = needs(world, action, ticket) | more
    return step(COMMANDS[action], ticket, actor or world.coordinator, **asked)


def at(world: World, status: Status, *, actor: Any = None, **changes: Any) -> Ticket:
    """Bring a new ticket to this state, all by one person (李敏 unless told otherwise)."""
    ticket = report(world, **({"actor": actor or world.coordinator} | changes))
    ended = {Status.REJECTED: Action.REJECT, Status.CANCELLED: Action.CANCEL}
    if status in ended:
        return do(world, ended[status], ticket, actor)
    for action in _ON_THE_WAY:
        if ticket.status is status:
            break
        ticket = do(world, action, ticket, actor)
    return ticket


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make these calls in as many threads at the same moment; a refusal is a result."""
    gate = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        gate.wait(30)
        try:
            return call()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def refusals(results: Sequence[Any]) -> list[Refused]:
    return [result for result in results if isinstance(result, Refused)]


def volunteers(world: World, count: int) -> list[Actor]:
    """Make this many volunteers of the first community."""
    return db.run(lambda tx: [_volunteer(tx, world, number) for number in range(count)])


def _volunteer(tx: Session, world: World, number: int) -> Actor:
    name = f"志愿者{number}"
    user = UserRow(id=new_id(), login=f"helper{number}", name=name, password_hash="x", created_at=NOW)
    tx.add(user)
    tx.flush()
    party = parties.insert_party(tx, community_id=world.community, label=name, user_id=user.id)
    return Actor(user.id, name, party, world.volunteer.grants)
