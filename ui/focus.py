"""Put the cursor where typing starts: Streamlit has no such option. On a touch screen that would call the keyboard."""

import streamlit as st

_JS = """
export default function ({ parentElement, data }) {
  const host = parentElement.host ?? parentElement;
  if (host.dataset.done === data) return;
  host.dataset.done = data;
  if (matchMedia("(pointer: coarse)").matches) return;
  let tries = 0, held = 0;
  // the dialog takes the focus for itself first, and the input may come later than this
  const timer = setInterval(() => {
    const input = document.querySelector(`[role="dialog"] ${data}`);
    const active = document.activeElement;
    const typing = active !== input && active?.matches("input, textarea");
    held = input && active === input ? held + 1 : 0;
    if (typing || held > 2 || ++tries > 60) clearInterval(timer);
    else input?.focus();
  }, 50);
}
"""
_mount = st.components.v2.component("linli_focus", js=_JS)


def focus(label: str, *, key: str) -> None:
    """Focus the input with this label in the open dialog, once."""
    _mount(key=key, data=f'input[aria-label="{label}"]', height=1)


def focus_form(*, key: str) -> None:
    """Focus the first field to write in, of the form in the open dialog, once."""
    _mount(key=key, data='[data-testid="stForm"] :is(textarea, input[type="text"]:not([role="combobox"]))', height=1)
