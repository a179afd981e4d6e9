"""HTTP beside Streamlit: the gate, the login, health, error pages. It knows no Streamlit."""

from web.errors import handlers, script_error_text
from web.first_sight import warm_up
from web.wiring import middleware, routes

__all__ = ["handlers", "middleware", "routes", "script_error_text", "warm_up"]
