"""The script Streamlit runs: who is here, which pages they have, the bar above every page."""

import streamlit as st

from pages import _bar, _session
from ui import bar

st.set_page_config(page_title="邻里一屏", page_icon=bar.ICON, layout="wide", initial_sidebar_state="collapsed")

who = _session.require("me")
page = st.navigation(_bar.pages_for(who), position="top" if _bar.has_menu(who) else "hidden")
_bar.show(who)
page.run()
