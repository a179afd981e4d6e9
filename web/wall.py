"""`/wall`: the big screen as a light page of its own, which keeps itself through nights and restarts.

A browser becomes a screen at `/screen/{token}`, the address that the administrator's page gives once. From then on
its cookie opens this page, follows its push and reads nothing else; who is logged in sees it as themselves.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

import db
import settings
from db import sessions
from db import wall as walls
from domain.access import Actor, has
from domain.accounts import SCREEN_COOKIE
from domain.clock import now
from domain.errors import Refused
from domain.ids import parse_id
from ui.wall import markup
from web import errors, proxy
from web.render import render

_FILES = Path(__file__).parent / "static"
_SCREEN_SECONDS = 400 * 24 * 3600  # browsers keep no cookie longer; each visit begins anew
_DEMO = (("/wall/tour", "一分钟演示"),)
_LINKS = (("/charts", "数据分析", "charts.read"), ("/tickets", "工单看板", "tickets.read"), ("/logout", "退出", "me"))


def routes() -> list[BaseRoute]:
    return [
        Route("/wall", page),
        Route("/wall/wall.js", _file("wall.js", "text/javascript")),
        Route("/wall/wall.css", _file("wall.css", "text/css")),
        Route("/screen/{token}", become),
    ]


def page(request: Request) -> Response:
    actor: Actor = request.scope["linli_actor"]
    if not has(actor, "wall.read"):
        return errors.page(403, request.scope["linli_request"])
    if "tour" in request.query_params:
        return RedirectResponse("/wall/tour?wall=1", 303)
    area_id = parse_id(request.query_params.get("area"))
    try:
        wall = db.read(walls.wall, actor=actor, area_id=area_id, now=now())
    except Refused:  # an area that is not theirs, or no more there
        return errors.page(403, request.scope["linli_request"])
    links = [(path, name) for path, name, right in _LINKS if has(actor, right)]
    body = render(
        "wall.html",
        body=markup.html(wall),
        as_of=markup.as_of(wall.at),
        now=int(wall.at.timestamp() * 1000),
        build=_build(),
        screen=actor.read_only,
        demo=settings.current().is_demo,
        links=[*_DEMO, *links] if settings.current().is_demo else links,
    )
    return _kept(request, HTMLResponse(body)) if actor.read_only else HTMLResponse(body)


def become(request: Request) -> Response:
    """Make this browser a screen, if the token holds; whoever is logged in stays logged in."""
    actor = sessions.identify(request.path_params["token"], now=now(), active=False)
    if actor is None or not actor.read_only:
        return errors.page(403, request.scope["linli_request"], sentence=errors.NO_SCREEN)
    return _with_cookie(request, RedirectResponse("/wall", 303), request.path_params["token"])


def _kept(request: Request, answer: Response) -> Response:
    return _with_cookie(request, answer, request.scope["linli_token"])


def _with_cookie(request: Request, answer: Response, token: str) -> Response:
    secure = proxy.is_secure(request.scope, settings.current())
    same: dict[str, Any] = {"httponly": True, "samesite": "lax", "path": "/", "secure": secure}
    answer.set_cookie(SCREEN_COOKIE, token, max_age=_SCREEN_SECONDS, **same)
    return answer


def _file(name: str, kind: str) -> Any:
    def answer(_request: Request) -> Response:
        return Response(_text(name), media_type=kind)

    return answer


@cache
def _text(name: str) -> str:
    return (_FILES / name).read_text("utf-8")


@cache
def _build() -> str:
    """Name this state of the page: a screen that runs an older one takes the new one by itself."""
    return sha256((_text("wall.js") + _text("wall.css")).encode()).hexdigest()[:12]
