"""An open ticket that changes elsewhere: drawn anew at once, or said so when something is being typed."""

from collections.abc import Callable
from typing import Any

import streamlit as st

_JS = """
const held = new WeakMap();
const SETTLE_MS = 700; // one's own step runs the drawer again anyway
const WRITING = 'input:focus, textarea:focus, [role="combobox"]:focus';

export default function ({ parentElement, data, setTriggerValue }) {
  const own = held.get(parentElement) ?? start(parentElement);
  held.set(parentElement, Object.assign(own, { data, run: () => setTriggerValue("changed", Date.now()) }));
  own.line.hidden = true;
  own.line.firstChild.data = `${data.what}刚有变化，`;
  look(own);
}

function start(parentElement) {
  const line = document.createElement("p");
  line.className = "fresh";
  line.setAttribute("role", "status");
  const button = document.createElement("button");
  button.textContent = "点此看最新";
  line.append("", button);
  parentElement.append(line);
  const own = { line, timer: null };
  button.onclick = () => own.run();
  const stop = new AbortController();
  const onPatched = () => (line.isConnected ? look(own) : stop.abort());
  window.addEventListener("linli-patched", onPatched, { signal: stop.signal });
  return own;
}

const isOld = ({ data }) => (window.linliVersions?.[data.ticket] ?? 0) > data.version;

function look(own) {
  clearTimeout(own.timer);
  if (isOld(own)) own.timer = setTimeout(() => isOld(own) && act(own), SETTLE_MS);
}

// A form that stands open, not one folded away, or a field with the cursor in it.
function isWritten() {
  const dialog = document.querySelector('[role="dialog"]');
  const forms = [...(dialog?.querySelectorAll('[data-testid="stForm"]') ?? [])];
  return Boolean(dialog?.querySelector(WRITING)) || forms.some((form) => form.checkVisibility());
}

function act(own) {
  if (isWritten()) own.line.hidden = false;
  else own.run();
}
"""
_CSS = """
.fresh { margin: 0 0 8px; padding: 6px 12px; border: 1px solid var(--st-border-color); border-radius: 8px;
  font-size: 14px; color: var(--st-text-color); background: var(--st-secondary-background-color); }
.fresh[hidden] { display: none; }
.fresh button { font: inherit; color: var(--st-link-color); background: none; border: 0; padding: 6px 0;
  cursor: pointer; text-decoration: underline; }
"""
_mount = st.components.v2.component("linli_fresh", js=_JS, css=_CSS)


def fresh(ticket: str, version: int, on_read: Callable[[], Any], *, what: str = "这张工单") -> None:
    """Compare with what the push tells of the ticket (`ui/board/live.js`); `on_read` when it is drawn anew for it."""
    _mount(key=f"fresh-{ticket}", data={"ticket": ticket, "version": version, "what": what}, on_changed_change=on_read)
