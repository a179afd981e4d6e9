"""Nobody passes without a session: document, WebSocket, media, upload and every route alike.

Pure ASGI, because Starlette's BaseHTTPMiddleware sees no WebSockets. It decides on
`scope["path"]` alone: `request.url.path` is put together from what the client says.
"""

import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from functools import partial
from typing import Any
from urllib.parse import quote

import anyio
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

import settings
from db import sessions
from domain.access import Actor
from domain.accounts import SCREEN_COOKIE, SESSION_COOKIE
from domain.clock import now
from web import errors, first_sight, headers, logs, plotly, proxy

Scope = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOGIN, PASSWORD, LOGOUT = "/login", "/password", "/logout"
PUBLIC = frozenset({LOGIN, LOGOUT, "/healthz", "/readyz", "/_stcore/health"})
API = "/api/v1/"  # for devices: no cookie, so nothing that another site could borrow; each route asks for a key
WALL, SCREEN = "/wall", "/screen/"  # the one page of a screen, and the address that makes a browser one
UNCHANGED_MAY = frozenset({PASSWORD})  # what one may still open who must set a password first
CLOSED = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
NO_DOCUMENT = ("/_stcore/", "/media/", "/component/", "/static/", "/app/static/", "/live", "/sent/")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
QUIET = (*headers.ASSETS, "/healthz", "/readyz", "/_stcore/health")
LOG_IN_AGAIN = 4401
REMEMBERED_SECONDS, REMEMBERED_MOST = 5.0, 2_000


class Sessions:
    """Whose token this is; remembered for seconds, so that fifty pictures are not fifty queries."""

    def __init__(self) -> None:
        self._held: dict[bytes, tuple[Actor, float]] = {}
        # threads of their own: logins that wait for their hash must not keep the pages waiting
        self._limiter = anyio.CapacityLimiter(8)

    async def find(self, token: str, *, fresh: bool, active: bool) -> Actor | None:
        if not token:
            return None
        key, moment = sessions.digest(token), time.monotonic()
        actor, until = self._held.get(key, (None, 0.0))
        if actor and until > moment and not fresh:
            return actor
        look_up = partial(sessions.identify, token, now=now(), active=active)
        found = await anyio.to_thread.run_sync(look_up, limiter=self._limiter)
        if len(self._held) >= REMEMBERED_MOST:
            self._held.clear()
        if found:
            self._held[key] = (found, moment + REMEMBERED_SECONDS)
        else:
            self._held.pop(key, None)
        return found


class Gate:
    """`pages` are the paths that Streamlit knows; other documents are a 404 in Chinese."""

    def __init__(self, app: App, pages: Collection[str] | None = None) -> None:
        self.app = app
        self.pages = frozenset(pages) | {"/"} if pages is not None else None
        self.sessions = Sessions()
        headers.csp()  # read Streamlit's document now: a missing one should stop the start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        scope = {**proxy.as_seen_outside(scope, settings.current()), "linli_request": logs.new_number()}
        if scope["type"] == "websocket":
            return await self._socket(scope, receive, send)
        visit = Visit(scope, send, self.pages)
        try:
            refusal = await self._refusal(scope)
            await (refusal or self.app)(scope, receive, visit.send)
        except Exception as error:
            logs.failure(error, visit.number, method=scope["method"], path=logs.safe_path(scope["path"]))
            if not visit.may_still_answer():
                raise  # too late for a page: let the server break the connection off
            await errors.page(500, visit.number)(scope, receive, visit.send)
        finally:
            visit.log()

    async def _refusal(self, scope: Scope) -> Response | None:
        """Say no, or None to go on; who it is stands in the scope then."""
        path, method = path_in(scope), scope["method"]
        if is_twisted(path):
            return errors.plain(400, "网址不正确")
        if path.startswith(CLOSED):
            return errors.plain(403, "不提供")
        if path.startswith((API, SCREEN)):
            return None
        if method not in SAFE_METHODS and not proxy.is_same_origin(scope, settings.current()):
            return errors.plain(403, "请从本系统的页面上操作")
        if path in PUBLIC or path.startswith(headers.ASSETS):
            return plotly.answer(scope, path)
        document = is_document(scope, path)
        by_hand = document or method not in SAFE_METHODS
        actor = await self._who(scope, path, fresh=by_hand, active=by_hand)
        if actor is None and document and is_for_screens(path) and token_in(scope, SCREEN_COOKIE):
            # not sent there at once: nobody logs in at a wall
            return errors.page(403, scope["linli_request"], sentence=errors.NO_SCREEN, login=f"{LOGIN}?next={WALL}")
        if actor is None:
            return _to(LOGIN, scope) if document else errors.plain(401, "请先登录")
        if actor.must_change_password and path not in UNCHANGED_MAY:
            return _to(PASSWORD, scope) if document else errors.plain(403, "请先修改初始密码")
        if document:
            scope["headers"] = [(k, v) for k, v in scope["headers"] if k not in headers.UNWANTED]
            scope["extensions"] = {}  # the body must come through here, not as a file's path
        scope["linli_actor"] = actor
        if document and path == "/" and actor.home == WALL.strip("/"):
            return RedirectResponse(WALL, 303)  # a light page: Streamlit could only send there by a script
        return None

    async def _who(self, scope: Scope, path: str, *, fresh: bool, active: bool) -> Actor | None:
        """Find whose cookie it is; a screen's counts for its one page, and only where nobody is logged in."""
        screens = is_for_screens(path)
        for token in (token_in(scope), token_in(scope, SCREEN_COOKIE) if screens else ""):
            actor = await self.sessions.find(token, fresh=fresh, active=active)
            if actor and (screens or not actor.read_only):
                scope["linli_token"] = token
                return actor
        return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_in(scope)
        if is_twisted(path) or path.startswith(CLOSED) or not self._may_connect(scope):
            return await _refuse_socket(path, receive, send, 4403)
        scope = {**scope}
        actor = await self._who(scope, path, fresh=True, active=False)
        if actor is None or actor.must_change_password:
            return await _refuse_socket(path, receive, send, LOG_IN_AGAIN)
        await self.app({**scope, "linli_actor": actor}, receive, send)

    def _may_connect(self, scope: Scope) -> bool:
        return proxy.is_same_origin(scope, settings.current())


class Visit:
    """One HTTP answer on its way out: its headers, its log line, and Streamlit's document rewritten."""

    def __init__(self, scope: Scope, send: Send, pages: frozenset[str] | None) -> None:
        self.scope, self._send, self._pages = scope, send, pages
        self.number: str = scope["linli_request"]
        self.path = path_in(scope)
        self.status = 0
        self._started = time.monotonic()
        self._held: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            secured = headers.secured(list(message["headers"]), self.path)
            message = {**message, "headers": secured}
            if headers.is_html(secured) and not headers.is_packed(secured):
                self._held = message  # its length is known when the whole body is
                return
        elif self._held is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_document(self._held)
            return
        await self._send(message)

    def may_still_answer(self) -> bool:
        """Drop what was held back; nothing can be said any more once a line has left."""
        unsent = not self.status or self._held is not None
        self._held, self._body = None, b""
        return unsent

    async def _send_document(self, held: Message) -> None:
        self._held = None
        body, status = self._body, held["status"]
        drawing = None
        if headers.is_streamlit_document(body):
            if self._is_unknown():
                status, body = 404, bytes(errors.page(404, self.number).body)
            else:
                body, drawing = headers.in_chinese(body), self._drawing()
        self.status = status
        length = len(body) if self.scope["method"] != "HEAD" and drawing is None else None
        await self._send({**held, "status": status, "headers": headers.of_length(list(held["headers"]), length)})
        if drawing:
            async for part in drawing.sent_in_parts(body, number=self.number, path=self.path):
                await self._send({"type": "http.response.body", "body": part, "more_body": True})
            body = b""
        await self._send({"type": "http.response.body", "body": body})

    def _drawing(self) -> first_sight.Drawing | None:
        if self.scope["method"] == "HEAD":
            return None
        query: bytes = self.scope.get("query_string", b"")
        return first_sight.drawing(self.path, query, self.scope.get("linli_actor"))

    def _is_unknown(self) -> bool:
        return self._pages is not None and (self.path.rstrip("/") or "/") not in self._pages

    def log(self) -> None:
        if self.status < 400 and self.path.startswith(QUIET):
            return
        actor: Actor | None = self.scope.get("linli_actor")
        logs.write(
            "request",
            request_id=self.number,
            user_id=actor.user_id.hex if actor else None,
            method=self.scope["method"],
            path=logs.safe_path(self.path),
            status=self.status,
            ms=round((time.monotonic() - self._started) * 1000),
        )


def path_in(scope: Scope) -> str:
    """Give the path below where the application is mounted."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def is_twisted(path: str) -> bool:
    return "\\" in path or "//" in path or "\0" in path or ".." in path.split("/")


def is_document(scope: Scope, path: str) -> bool:
    if scope["method"] not in ("GET", "HEAD") or path.startswith(NO_DOCUMENT):
        return False
    accept = proxy.header(scope, b"accept")
    wanted = proxy.header(scope, b"sec-fetch-dest") in ("", "document", "iframe")
    return wanted and (not accept or "text/html" in accept or "*/*" in accept)


def is_for_screens(path: str) -> bool:
    return path in (WALL, "/live") or path.startswith(f"{WALL}/")


def token_in(scope: Scope, cookie: str = SESSION_COOKIE) -> str:
    return cookie_parser(proxy.header(scope, b"cookie")).get(cookie, "")


def _to(page: str, scope: Scope) -> Response:
    """Send to this page, which leads back to where one wanted to go."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    query = scope.get("query_string", b"")
    wanted = (raw + (b"?" + query if query else b"")).decode("latin-1")
    return RedirectResponse(page if wanted == "/" else f"{page}?next={quote(wanted, safe='')}", 303)


async def _refuse_socket(path: str, receive: Receive, send: Send, code: int) -> None:
    await receive()  # websocket.connect
    if not path.startswith("/_stcore/"):
        # before it is accepted a browser learns no code, only 1006, as if the server were dead
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})
