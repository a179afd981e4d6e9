"""交接班: what runs now, who is away, and what one shift leaves to the next."""

import streamlit as st

from domain.access import Actor
from domain.areas import Area


def show(who: Actor, here: Area) -> None:
    del who, here
    st.info("还没有交接内容。")
