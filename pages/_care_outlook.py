"""What still keeps the rounds from an elder, and the way to whoever is to look."""

from uuid import UUID

import streamlit as st

from db.care_elder import ElderPage
from domain.access import Actor, has
from domain.care import Duty, Scope
from domain.care_register import gaps, outlook


def show(page: ElderPage) -> None:
    missing = gaps(
        consented=Scope.WATCH in page.consents,
        slots=bool(page.plans),
        primary=Duty.PRIMARY in page.lookers,
        backup=Duty.BACKUP in page.lookers,
        contacts=bool(page.contacts),
    )
    if missing and page.elder.left_on is None:
        st.warning(outlook(missing), icon=":material/info:")


def to_pairs(actor: Actor, page: ElderPage) -> None:
    if page.elder.left_on is None and not actor.read_only and has(actor, "care.plan", page.elder.area_path):
        st.button("去定主责和备份", icon=":material/group:", key="to-pairs", on_click=_open, args=(page.elder.id,))


def _open(elder_id: UUID) -> None:
    """Open 结对 with this elder chosen."""
    st.query_params.pop("elder", None)
    st.session_state["part"], st.session_state["pair-elder"] = "结对", elder_id
