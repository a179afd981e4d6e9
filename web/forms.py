"""Reading what a light page's form sends, and where it may lead afterwards."""

from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST = 16_384
_NOT_AFTER_LOGIN = ("/login", "/logout", "/password")


async def form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413)
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise HTTPException(400) from None


def safe_next(wanted: str) -> str:
    """Keep a path of our own; everything that a browser might read as another site leads home."""
    plain = wanted.isascii() and wanted.isprintable() and len(wanted) <= 2_000
    if not plain or not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path in _NOT_AFTER_LOGIN:
        return "/"
    return wanted
