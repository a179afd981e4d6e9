"""A form whose step a colleague was faster with: what happened, and the ways on that there are now."""

from uuid import UUID

import streamlit as st

from db.ticket_detail import Detail, Entry
from domain.clock import local
from domain.steps import ACTION_LABELS, TRANSITIONS
from domain.tickets import STATUS_LABELS, Action
from pages import _form
from pages._fields import Values
from ui.text import escape_md

_ASSIGNING = (Action.DISPATCH, Action.TRANSFER)


def show(detail: Detail, action: Action, key: str) -> Action | None:
    """Tell it below the fields, which keep what was typed; give the step to go on with instead."""
    passing_on = action is Action.DISPATCH and Action.TRANSFER in detail.actions
    end = "要换人请用“转派”，选好的人和交代会带过去。" if passing_on else "您填的内容还在上面，可以复制到备注里。"
    st.error(f"{words(detail, action)}{end}", icon=":material/info:")
    with st.container(horizontal=True):
        instead = passing_on and st.form_submit_button("改为转派", type="primary", key=f"instead-{key}")
        if "ticket" not in st.query_params and st.form_submit_button("看详情", key=f"look-{key}"):
            st.session_state.pop("step", None)
            open_drawer(detail.ticket.id)
        st.form_submit_button("知道了", on_click=st.session_state.pop, args=("step", None), key=f"drop-{key}")
    return Action.TRANSFER if instead else None


def words(detail: Detail, action: Action) -> str:
    ticket = detail.ticket
    last = next((entry for entry in reversed(detail.timeline) if TRANSITIONS[entry.action].targets), None)
    now = f"工单 {ticket.no} 现在是“{STATUS_LABELS[ticket.status]}”，不能再{ACTION_LABELS[action]}。"
    return f"{_happened(last, detail.card.handler)}{now}" if last else now


def _happened(last: Entry, handler: str) -> str:
    at = local(last.at).strftime("%H:%M")
    done = f"派给{escape_md(handler)}" if last.action in _ASSIGNING and handler else f"“{last.label}”"
    return f"{escape_md(last.who) or '系统'}在 {at} 已{done}，"


def carry(name: str, values: Values) -> None:
    """Fill another form with what was chosen and typed in this one."""
    key = _form.key(name)
    st.session_state.pop(f"handlers-{key}", None)
    st.session_state.update({f"handler-{key}": values["handler_id"], f"note-{key}": values["note"]})


def open_drawer(ticket_id: UUID) -> None:
    """Go to the drawer from a dialog that holds just a form; the drawer belongs to the page."""
    st.query_params["ticket"] = str(ticket_id)
    st.rerun()
