"""Hidden, and the only default page: send everybody to the home of their role."""

import streamlit as st

from pages._bar import FILES
from pages._session import require

st.switch_page(FILES[require("me").home])
