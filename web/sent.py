"""`/sent/{name}`: the scripts of the board's component, fetched once and kept."""

from starlette.requests import Request
from starlette.responses import Response

from ui.board.sent import BOARD, CARE
from web import errors

_FILES = {sent.name: sent.body for sent in (BOARD, CARE)}
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}


def sent(request: Request) -> Response:
    body = _FILES.get(request.path_params["name"])
    if body is None:
        return errors.plain(404, "没有这个文件")
    return Response(body, media_type="text/javascript", headers=_KEPT)
