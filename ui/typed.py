"""Typing outlives the server: what it has not taken yet stands by in this tab, and is put back."""

from collections.abc import Mapping

import streamlit as st

_JS = """
const STORE = "linli-typed", FIELDS = '[role="dialog"] :is(textarea, input[type="text"], input[type="tel"])';

function held() {
  try { return JSON.parse(sessionStorage.getItem(STORE)) ?? {}; } catch { return {}; }
}
function hold(kept) { sessionStorage.setItem(STORE, JSON.stringify(kept)); }
function field(label) {
  return [...document.querySelectorAll(FIELDS)].find((one) => one.ariaLabel === label);
}
function type(one, text) {
  const kind = one instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(one, text);
  one.dispatchEvent(new Event("input", { bubbles: true }));
}
function put(label, text, at) {
  let tries = 0;  // the field may come, and be enabled, later than this
  const timer = setInterval(() => {
    const one = field(label), ready = one && !one.disabled;
    if (ready && text !== undefined && one.value !== text) type(one, text);
    if (ready && label === at) one.focus();
    if (ready || ++tries > 50) clearInterval(timer);
  }, 100);
}
// a text area has no live=: Ctrl+Enter is its way to send without leaving it
function send(one) {
  const key = { key: "Enter", code: "Enter", keyCode: 13, ctrlKey: true, bubbles: true, cancelable: true };
  one.dispatchEvent(new KeyboardEvent("keydown", key));
}

export default function ({ parentElement, data }) {
  const host = parentElement.host ?? parentElement, { owner, session, texts } = data;
  const before = held(), ours = before.owner === owner;
  const mine = ours ? before.texts : {}, at = ours ? before.at : undefined;
  if (ours && before.session !== session)
    for (const label of new Set([...Object.keys(mine), at])) put(label, mine[label], at);
  else
    for (const [label, text] of Object.entries(mine))
      if (text === texts[label] || document.activeElement !== field(label)) delete mine[label];
  hold({ owner, session, texts: mine, at });

  host.stop?.();
  const timers = new Map();
  let composing = false;
  const compose = (event) => { composing = event.type === "compositionstart"; };
  const note = ({ type, target }) => {
    if (!target.matches?.(FIELDS) || !(target.ariaLabel in texts)) return;
    const now = held(), label = target.ariaLabel;
    if (type === "input") now.texts = { ...now.texts, [label]: target.value };
    hold({ ...now, owner, session, at: label });
    if (type !== "input" || !(target instanceof HTMLTextAreaElement)) return;
    clearTimeout(timers.get(label));
    timers.set(label, setTimeout(() => composing || send(target), 500));
  };
  const listeners = [["input", note], ["focusin", note], ["compositionstart", compose], ["compositionend", compose]];
  for (const [name, listener] of listeners) document.addEventListener(name, listener, true);
  host.stop = () => {
    for (const [name, listener] of listeners) document.removeEventListener(name, listener, true);
  };
  return () => {
    host.stop();
    // sent or left: nothing stays behind in a browser that others may use
    setTimeout(() => document.querySelector('[role="dialog"]') || sessionStorage.removeItem(STORE), 5000);
  };
}
"""
_mount = st.components.v2.component("linli_typed", js=_JS)


def typed(texts: Mapping[str, str], *, owner: str, session: str, key: str) -> None:
    """Follow the fields of the open dialog with these labels; `texts` is what the server has of each.

    In another session of the same owner's form, what this tab still holds is typed in again.
    """
    _mount(key=key, data={"texts": dict(texts), "owner": owner, "session": session}, height=1)
