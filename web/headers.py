"""The security headers of every answer, and the few words changed in Streamlit's own document."""

import base64
import hashlib
import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

Headers = list[tuple[bytes, bytes]]

TITLE = "邻里一屏"
# scripts, fonts and styles, with nothing of anybody: Streamlit's, and the board's (web/sent.py)
ASSETS = ("/static/", "/sent/")
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_FIXED = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"SAMEORIGIN",
    b"permissions-policy": b"camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
# a browser's wishes that would give us a document we can't read, or none at all
UNWANTED = frozenset({b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"})


@lru_cache(maxsize=1)
def streamlit_index() -> bytes:
    """Read the document that Streamlit serves."""
    return (streamlit_files() / "index.html").read_bytes()


def streamlit_files() -> Path:
    """Find what Streamlit sends to browsers, without loading Streamlit."""
    found = importlib.util.find_spec("streamlit")
    return (Path(found.origin).parent if found and found.origin else Path()) / "static"


@lru_cache(maxsize=1)
def csp() -> bytes:
    """Write the policy; v2 components import their script from a blob address."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(streamlit_index()))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'self'; script-src 'self' blob: {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'"
    ).encode()


def secured(headers: Headers, path: str) -> Headers:
    """Add what every answer carries; only assets may lie in a cache."""
    ours = {**_FIXED, b"content-security-policy": csp()}
    if not path.startswith(ASSETS) or is_html(headers):
        ours[b"cache-control"] = b"no-store"
    return [(k, v) for k, v in headers if k.lower() not in ours] + list(ours.items())


def is_html(headers: Headers) -> bool:
    return any(k.lower() == b"content-type" and v.startswith(b"text/html") for k, v in headers)


def is_packed(headers: Headers) -> bool:
    return any(k.lower() == b"content-encoding" for k, _ in headers)


def is_streamlit_document(body: bytes) -> bool:
    return b'<html lang="en">' in body


def in_chinese(body: bytes) -> bytes:
    body = body.replace(b'<html lang="en">', b'<html lang="zh-CN">', 1)
    return body.replace(b"<title>Streamlit</title>", f"<title>{TITLE}</title>".encode(), 1)


def of_length(headers: Headers, length: int | None) -> Headers:
    """Say the new length, if it is known, and forget what named the old body."""
    old = (b"content-length", b"etag", b"last-modified", b"accept-ranges")
    kept = [(k, v) for k, v in headers if k.lower() not in old]
    return kept if length is None else [*kept, (b"content-length", str(length).encode())]


def start(status: int, headers: Headers) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}
