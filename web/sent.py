"""`/sent/{name}`: the scripts of the board's component and of first sight, fetched once and kept."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from ui.board.sent import BOARD, CARE, named
from web import errors

AFTER_PAINT = named("after-paint", (Path(__file__).parent / "static" / "after_paint.js").read_bytes())
_FILES = {sent.name: sent.body for sent in (BOARD, CARE)}
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}


def sent(request: Request) -> Response:
    name = request.path_params["name"]
    # without it nothing is loaded: it also answers a document that was sent before a restart
    body = AFTER_PAINT.body if name.startswith("after-paint-") else _FILES.get(name)
    if body is None:
        return errors.plain(404, "没有这个文件")
    return Response(body, media_type="text/javascript", headers=_KEPT)
