"""Pages by key: each knows where it begins, so that a list of a million opens as fast as one of ten."""

from dataclasses import dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True)
class Pages:
    """Where this list has been: the keys that its pages begin after."""

    name: str
    trail: tuple[Any, ...]

    @property
    def after(self) -> Any:
        return self.trail[-1] if self.trail else None

    def buttons(self, last: Any) -> None:
        """Offer the pages before and after; `last` is the key of the next one, none at the end."""
        if not self.trail and last is None:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "上一页", key=f"{self.name}-back", disabled=not self.trail, on_click=self._go, args=(self.trail[:-1],)
            )
            st.caption(f"第 {len(self.trail) + 1} 页", width="content")
            forward = (*self.trail, last)
            st.button("下一页", key=f"{self.name}-on", disabled=last is None, on_click=self._go, args=(forward,))

    def _go(self, trail: tuple[Any, ...]) -> None:
        st.session_state["points_pages"] = (self.name, trail)


def of(name: str) -> Pages:
    """Give where this list stands; another list begins anew."""
    held, trail = st.session_state.get("points_pages", ("", ()))
    return Pages(name, trail if held == name else ())
