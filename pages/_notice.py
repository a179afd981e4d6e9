"""派单通知 and 派单条: what the handler gets when they have no login."""

from datetime import datetime

import streamlit as st

from db.ticket_detail import Detail
from domain.access import Actor
from domain.tickets import Action, Status
from ui import slip
from ui.slip import on_paper
from ui.text import on_date

_GIVEN = frozenset({Action.DISPATCH, Action.TRANSFER})
_AGAIN = frozenset({Action.VERIFY_FAIL, Action.REOPEN})
_WITH_HANDLER = (Status.DISPATCHED, Status.IN_PROGRESS)


def show(actor: Actor, detail: Detail, now: datetime) -> None:
    """Offer both while somebody has the ticket; open at once after a dispatch."""
    ticket = detail.ticket
    if ticket.status not in _WITH_HANDLER:
        return
    just = st.session_state.get("dispatched") == ticket.id
    with st.expander("派单通知", icon=":material/content_copy:", expanded=just):
        heading, facts = "派单通知", _facts(actor, detail)
        st.caption("点右上角复制，发给处理人；或打印成派单条带走。")
        st.code(slip.notice(heading, facts), language=None, wrap_lines=True)
        page = slip.slip_html("派单条", facts, printed=on_paper(now))
        st.download_button(
            "下载派单条（打开后打印）",
            page,
            file_name=f"派单条-{ticket.no}.html",
            mime="text/html",
            icon=":material/print:",
            on_click="ignore",
        )


def _last_note(detail: Detail, actions: frozenset[Action]) -> str:
    return next((e.note for e in reversed(detail.timeline) if e.action in actions), "")


def _facts(actor: Actor, detail: Detail) -> list[tuple[str, str]]:
    """Name the resident only while this viewer has them revealed."""
    ticket, person = detail.ticket, detail.reporter
    shown = person if person and person.revealed_until else None
    return [
        ("编号", ticket.no),
        ("处理人", detail.card.handler),
        ("事项", ticket.title),
        ("地点", " ".join(dict.fromkeys(filter(None, (detail.community, ticket.address or detail.area))))),
        ("时限", on_date(ticket.due_at) if ticket.due_at else ""),
        ("详细情况", "" if detail.description == ticket.title else detail.description),
        ("重办原因", _last_note(detail, _AGAIN) if ticket.round_no > 1 else ""),
        ("交代", _last_note(detail, _GIVEN)),
        ("联系人", " ".join(filter(None, (shown.name, shown.phone))) if shown else ""),
        ("派单人", actor.name),
    ]
