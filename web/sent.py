"""`/sent/{name}`: the scripts of the board's component and of first sight, fetched once and kept."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from ui.board.sent import BOARD, CARE, named
from web import errors

AFTER_PAINT = named("after-paint", (Path(__file__).parent / "static" / "after_paint.js").read_bytes())
_FILES = {sent.name: sent.body for sent in (BOARD, CARE, AFTER_PAINT)}
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}


def sent(request: Request) -> Response:
    body = _FILES.get(request.path_params["name"])
    if body is None:
        return errors.plain(404, "没有这个文件")
    return Response(body, media_type="text/javascript", headers=_KEPT)
