"""`/wall/tour`: the one-minute demo as a light page. It lies under `/wall`, so that a screen may show it too."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

import settings
from domain.access import Actor, has
from domain.clock import now
from domain.errors import Refused
from domain.tour import Scene
from ui.tour import markup
from web import errors
from web.render import render

Play = Callable[..., Sequence[Scene]]

_ROOT = Path(__file__).parent
# the stage has the tiles and cards of the pages themselves
_STYLES = (
    *(_ROOT.parent / "ui" / "board" / "board.css", _ROOT.parent / "ui" / "care" / "care.css"),
    _ROOT / "static" / "tour.css",
)


def routes(play: Play) -> list[BaseRoute]:
    """Give the page; `play(now=)` tells the scenes, or refuses where there is no demo data."""
    playing: list[asyncio.Task[Sequence[Scene]]] = []

    async def played() -> Sequence[Scene]:
        """Have it played, or share what is being played: who reloads or comes second waits for no other copy."""
        if not playing or playing[0].done():
            playing[:] = [asyncio.create_task(anyio.to_thread.run_sync(_play, play, now()))]
        return await asyncio.shield(playing[0])

    async def page(request: Request) -> Response:
        actor: Actor = request.scope["linli_actor"]
        if not has(actor, "wall.read"):
            return errors.page(403, request.scope["linli_request"])
        wall, beats = ("wall" in request.query_params, "beats" in request.query_params)
        if settings.current().is_demo and not beats:
            # playing takes seconds: the page is there at once and asks for them
            return HTMLResponse(render("tour.html", refused="", wall=wall))
        try:
            scenes = await played()
        except Refused as refused:
            return HTMLResponse(render("tour.html", refused=refused.message, wall=False), 409)
        return HTMLResponse(markup.html(scenes))

    return [
        Route("/wall/tour", page),
        Route("/wall/tour.js", _script),
        Route("/wall/tour.css", _style),
    ]


def _play(play: Play, at: datetime) -> Sequence[Scene]:
    return play(now=at)


def _script(_request: Request) -> Response:
    return Response((_ROOT / "static" / "tour.js").read_text("utf-8"), media_type="text/javascript")


def _style(_request: Request) -> Response:
    return Response("\n".join(file.read_text("utf-8") for file in _STYLES), media_type="text/css")
