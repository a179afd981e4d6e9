"""这里已有类似的事: open tickets that a report being written may be one more voice of."""

from collections.abc import Callable, Iterable

import streamlit as st

from db.similar import Similar
from domain.tickets import STATUS_LABELS
from ui.text import escape_md

Choose = Callable[[Similar], None]


def show(found: Iterable[Similar], key: str, choose: Choose) -> None:
    """Offer each with the reasons why; quiet, beside the form."""
    with st.container(border=True, key=f"similar-{key}", gap="small"):
        st.markdown("**这里已有类似的事**")
        st.caption("同一件事并入后只办一次，办好了每位反映人都会得到答复。")
        for one in found:
            with st.container(key=f"like-{one.ticket_id}-{key}", gap="xsmall"):
                st.markdown(f"**{escape_md(one.title)}**　{escape_md(_state(one))}")
                st.caption(escape_md(" · ".join(one.match.reasons)))
                st.button(
                    "是同一件事，并入",
                    key=f"join-{one.ticket_id}-{key}",
                    on_click=choose,
                    args=(one,),
                )


def _state(one: Similar) -> str:
    told = f"{one.told_by} 人反映" if one.told_by > 1 else ""
    return " · ".join(filter(None, (one.no, one.place, STATUS_LABELS[one.status], one.handler, told)))


def ask(one: Similar, key: str, choose: Choose, anyway: Callable[[], None], back: Callable[[], None]) -> None:
    """Ask once before the same thing is registered a second time, where the buttons were."""
    st.warning(
        f"可能已经登记过：{escape_md(one.no)} {escape_md(one.title)}（{escape_md('，'.join(one.match.reasons))}）"
    )
    with st.container(horizontal=True):
        st.button(f"并入 {one.no}", type="primary", key=f"into-{one.ticket_id}-{key}", on_click=choose, args=(one,))
        st.button("仍然新登记", key=f"new-{key}", on_click=anyway)
        st.button("再看看", type="tertiary", key=f"look-{key}", on_click=back)
