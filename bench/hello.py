"""The least page there can be, behind the same login and navigation: what the board is compared with."""

import streamlit as st

st.markdown("hello, world")
