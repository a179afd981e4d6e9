"""The parts of 数据分析, and their figures: drawn once for all who may see them, anew when anything changed."""

from collections.abc import Callable

import streamlit as st

from domain.access import Actor
from domain.charts import CARDS
from domain.clock import now
from pages import (
    _chart_cards,
    _chart_care,
    _chart_frame,
    _chart_places,
    _chart_points,
    _chart_prevent,
    _chart_times,
    _chart_work,
)
from pages._chart_frame import Lines
from pages._chart_scope import Chosen

# part → what reads and draws its charts
PARTS: dict[str, Callable[..., Lines]] = {
    "工单": _chart_work.read,
    "辖区": _chart_places.read,
    "时段": _chart_times.read,
    "积分": _chart_points.read,
    "守望": _chart_care.read,
}


def show(actor: Actor, held: Chosen, part: str) -> None:
    """Show a part; what is due by the clock is at most a minute old, all else as it stands."""
    fresh = held.stamp, int(now().timestamp() // 60)
    _chart_cards.show(actor, held, CARDS[part], fresh)
    roles = f"{sorted(actor.roles_at(held.scope.area_path))} {_chart_prevent.may(actor)}"
    _chart_frame.show(held, _lines(actor, held, part, st.context.theme.type == "dark", roles, fresh))


@st.cache_resource(ttl=90, max_entries=60, show_spinner=False, hash_funcs={Chosen: repr})
def _lines(_actor: Actor, held: Chosen, part: str, dark: bool, roles: str, fresh: tuple[int, int]) -> Lines:
    """Read and draw; who has the same roles at a place, and may do the same, sees the same of it."""
    del roles, fresh
    return PARTS[part](_actor, held, dark=dark)
