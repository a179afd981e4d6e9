"""Our few styles beside Streamlit's theme, light or dark as the reader has chosen."""

from pathlib import Path

import streamlit as st

_CSS = (Path(__file__).parent / "theme.css").read_text(encoding="utf-8")
_LARGE = (Path(__file__).parent / "large.css").read_text(encoding="utf-8")
_LIGHT = {
    "ground": "#f6f7f4",
    "paper": "#f6f7f4",
    "muted": "#5b6b73",
    "line": "#dfe5e3",
    "dot": "#0d5c63",
    "late": "#b3261e",
    "late-soft": "#fbe9e7",
    "soon": "#8a5300",
    "soon-soft": "#fff3dc",
    "ok": "#1f6b3b",
    "ok-soft": "#e5f3ea",
    "info": "#1f5b99",
    "info-soft": "#e6f0fa",
    "calm": "#56636b",
    "calm-soft": "#edf0f0",
}
_DARK = {
    "ground": "#0f1d23",
    "paper": "#0f1d23",
    "muted": "#a3b5bb",
    "line": "#2b434c",
    "dot": "#5fb8b3",
    "late": "#ff9d94",
    "late-soft": "#442322",
    "soon": "#f2c069",
    "soon-soft": "#3a2d14",
    "ok": "#8fd6a6",
    "ok-soft": "#1a3626",
    "info": "#9cc7f2",
    "info-soft": "#1a3046",
    "calm": "#a9bac0",
    "calm-soft": "#22363e",
}


def style() -> None:
    """Put the styles on the page; takes no room there."""
    tokens = _DARK if st.context.theme.type == "dark" else _LIGHT
    said = ";".join(f"--linli-{name}:{value}" for name, value in tokens.items())
    st.html(f"<style>:root{{{said}}}\n{_CSS}</style>")


def large_type() -> None:
    """Enlarge what stands in the container with the key "large"."""
    st.html(f"<style>{_LARGE}</style>")
