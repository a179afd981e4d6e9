"""Browser-like sessions over Streamlit's own WebSocket protocol, from outside the server."""
