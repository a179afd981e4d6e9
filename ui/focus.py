"""Put the cursor where typing starts: Streamlit has no such option."""

import streamlit as st

_JS = """
export default function ({ parentElement, data }) {
  const host = parentElement.host ?? parentElement;
  const place = host.closest('[role="dialog"]') ?? document;
  const focus = () => place.querySelector(`input[aria-label="${data}"]`)?.focus();
  if (host.dataset.done === data) return;
  host.dataset.done = data;
  setTimeout(focus, 60); // the dialog takes the focus for itself first
}
"""
_mount = st.components.v2.component("linli_focus", js=_JS)


def focus(label: str, *, key: str) -> None:
    """Focus the input with this label once, when it appears."""
    _mount(key=key, data=label, height=1)
