"""大屏: a light page of its own (`web/wall.py`); who comes by the menu is at its address already and loads it."""

import streamlit as st

from pages._session import require

_go = st.components.v2.component("linli_wall", js="export default function () { location.reload(); }")

require("wall.read")
st.html('<p>正在打开大屏。如果没有打开，请点<a href="/wall" target="_self">这里</a>。</p>')
_go(key="wall")
