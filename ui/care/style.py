"""The styles of 平安守望 outside its tiles: the year, the ladder, what to say on the telephone."""

from pathlib import Path

import streamlit as st

_CSS = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def style() -> None:
    st.html(f"<style>{_CSS}</style>")
