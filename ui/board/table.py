"""What one reader may do with cards, as a small table for the browser: a hint, the server decides again."""

from functools import lru_cache
from typing import Any

from domain.access import RIGHTS, Actor, Role
from domain.moves import SPOTS, TOGETHER, leads, why_not
from domain.steps import ACTION_LABELS, TRANSITIONS
from domain.tickets import COLUMN_LABELS, COLUMN_OF, Action, Column, Status, Tie
from ui.board.markup import short

_LETTERS = {Tie.HANDLER: "h", Tie.DISPATCHER: "d", Tie.REPORTER: "r"}
EXPORT = "export"
Table = dict[str, Any]


def table(actor: Actor) -> Table:
    return {"me": short(actor.user_id)} | _for_roles(actor.roles, actor.read_only)


@lru_cache(maxsize=200)
def _for_roles(roles: frozenset[Role], read_only: bool) -> Table:
    return {
        "spots": {name: _spot(name, roles, read_only) for name in SPOTS},
        "columns": dict(COLUMN_LABELS),
        "together": _together(roles, read_only),
        "reports": not read_only and bool(roles & TRANSITIONS[Action.REPORT].roles),
        "no": "这一步您没有权限，请联系社区工作者。",
    }


def _spot(name: str, roles: frozenset[Role], read_only: bool) -> Table:
    status = Status(name.partition(".")[0])
    steps = [
        {
            "do": lead.action,
            "label": lead.label,
            # who dispatches may record it for the handler, and should know that it is that
            "other": "代记接单" if lead.action is Action.CLAIM and status is Status.DISPATCHED else lead.label,
            "to": lead.column,
            "ties": None if lead.anyone else "".join(_LETTERS[tie] for tie in sorted(lead.ties)),
        }
        for lead in leads(name, roles, read_only=read_only)
    ]
    return {"steps": steps, "why": {c: why_not(name, c) for c in Column if c is not COLUMN_OF.get(status)}}


def _together(roles: frozenset[Role], read_only: bool) -> list[tuple[str, str]]:
    """List what this reader may do with several at once; exporting is no step of a ticket."""
    steps = [(action.value, ACTION_LABELS[action]) for action in TOGETHER if roles & TRANSITIONS[action].roles]
    export = [(EXPORT, "导出")] if roles & RIGHTS["tickets.export"] else []
    return [] if read_only else [*steps, *export]
