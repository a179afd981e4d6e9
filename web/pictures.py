"""The photos of tickets, to those who may see the ticket; to anybody else they are not there.

The gate sends them like all but Streamlit's assets: `no-store`. So a photo taken off its ticket, or a right that
ended, is gone from the next look on, and a shared computer keeps nothing. A thumbnail is some 10 kB.
"""

from collections.abc import Callable
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import db
from db import attachments, blobs
from domain.errors import NotFound
from domain.ids import parse_id
from files import pictures
from web import errors, logs


def picture(request: Request) -> Response:
    return _answer(request, blobs.read)


def small(request: Request) -> Response:
    return _answer(request, _small)


@lru_cache(maxsize=512)  # some 5 MB
def _small(sha256: str) -> bytes:
    return pictures.small(blobs.read(sha256))


def _answer(request: Request, read: Callable[[str], bytes]) -> Response:
    attachment_id = parse_id(request.path_params["id"])
    actor = request.scope["linli_actor"]
    try:
        if attachment_id is None:
            raise NotFound()
        sha256 = db.read(attachments.digest_for, actor=actor, attachment_id=attachment_id)
        body = read(sha256)
    except NotFound as error:
        if isinstance(error, blobs.Gone):  # a row without its bytes: `fsck` names it
            logs.failure(error, errors.number_of(request))
        raise HTTPException(404) from None
    return Response(body, media_type="image/jpeg", headers={"content-disposition": "inline"})
