"""Begin a part of a page at its top: a phone keeps how far one had scrolled on the part before."""

import streamlit as st

_JS = """
export default function ({ parentElement, data }) {
  const host = parentElement.host ?? parentElement;
  if (host.dataset.part === data) return;
  const first = host.dataset.part === undefined && !data;
  host.dataset.part = data;
  if (first) return;  // the page has only just come
  document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
  scrollTo(0, 0);
}
"""
_mount = st.components.v2.component("linli_top", js=_JS)


def top(part: str) -> None:
    """Scroll up whenever another part is shown than before."""
    _mount(key="top", data=part, height=1)
