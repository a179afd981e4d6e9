"""What stands beside Streamlit, for the application that puts both together."""

from collections.abc import Collection

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from web import api, health, login, pictures, round, sent, tour, wall
from web.gate import Gate
from web.live import RECHECK_SECONDS, Live


def routes(*, recheck_seconds: float = RECHECK_SECONDS, play: tour.Play | None = None) -> list[BaseRoute]:
    """Give every route; `play` tells the scenes of the one-minute demo, which is not this layer's to know."""
    return [
        Route("/login", login.login_page, methods=["GET", "POST"]),
        Route("/logout", login.logout_page, methods=["GET", "POST"]),
        Route("/password", login.password_page, methods=["GET", "POST"]),
        Route("/pictures/{id}", pictures.picture),
        Route("/pictures/{id}/small", pictures.small),
        Route("/sent/{name}", sent.sent),
        *wall.routes(),
        *(tour.routes(play) if play else ()),
        *round.routes(),
        *api.routes(),
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        WebSocketRoute("/live", Live(recheck_seconds=recheck_seconds)),
    ]


def middleware(pages: Collection[str] | None = None) -> list[Middleware]:
    """Give the gate; `pages` are the paths of Streamlit's pages, e.g. "tickets"; others are a 404."""
    paths = None if pages is None else {"/" + page.strip("/") for page in pages}
    return [Middleware(Gate, pages=paths)]
