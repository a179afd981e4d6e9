"""Where on a page of large buttons one is: kept in the address, so that a reload stays there."""

from typing import Literal

import streamlit as st

from pages import _new_leaving


def go(name: str = "", **more: str) -> None:
    """Show this part, or the home of the page; what else the address said is gone."""
    st.query_params.from_dict({"show": name, **more} if name else {})


def back(name: str = "") -> None:
    st.button("返回", icon=":material/arrow_back:", type="tertiary", on_click=go, args=(name,))


def large(label: str, name: str, *, primary: bool = False) -> None:
    """Lead to a part by a large button."""
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    # the figure in a label changes: with a key the button stays the same one
    st.button(label, key=f"to-{name}", type=kind, width="stretch", on_click=go, args=(name,))


def report(*, large: bool = True) -> None:
    """Lead to the form; below a list as a line, so that no view has more than four large buttons."""
    label = "我要反映一件事"
    if large:
        st.button(label, width="stretch", on_click=_report)
    else:
        st.button(label, icon=":material/edit:", type="tertiary", on_click=_report)


def _report() -> None:
    _new_leaving.begin()
