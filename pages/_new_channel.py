"""How a report came in: one row of what is usual, the rest behind a list."""

import streamlit as st

from domain.access import Role
from domain.tickets import CHANNEL_LABELS, Channel

CHANNELS = [c for c in Channel if c is not Channel.SYSTEM]
_COMMON = (Channel.PHONE, Channel.VISIT, Channel.WECHAT, Channel.PATROL, Channel.OTHER)
# how those hear of things who are out there themselves
_USUAL: dict[Role | None, Channel] = {Role.GRID_WORKER: Channel.PATROL, Role.BUILDING_HEAD: Channel.BUILDING_HEAD}


def choose(key: str, role: Role | None) -> Channel:
    """Offer the channels of every day, and the one that this person or this report came by."""
    held = st.session_state.setdefault(f"channel-{key}", _USUAL.get(role, Channel.PHONE))
    also = st.session_state.setdefault(f"also-{key}", held)
    offered = list(dict.fromkeys((*_COMMON, also)))
    picked = st.pills("来源", offered, format_func=CHANNEL_LABELS.__getitem__, required=True, key=f"channel-{key}")
    return picked or Channel.OTHER


def rare(key: str) -> None:
    st.selectbox(
        "其他来源",
        [c for c in CHANNELS if c not in _COMMON],
        None,
        format_func=CHANNEL_LABELS.__getitem__,
        placeholder="例如 12345热线，选了会列到上面",
        key=f"rare-{key}",
        on_change=_choose_rare,
        args=(key,),
    )


def _choose_rare(key: str) -> None:
    """Let the choice join those above, chosen; the list is for the next choice."""
    name = f"rare-{key}"
    if chosen := st.session_state[name]:
        st.session_state.update({f"channel-{key}": chosen, f"also-{key}": chosen, name: None})
