"""Logging in and out, and one's own password: light pages that need no script."""

from functools import partial
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import db
import settings
from db import sessions
from db.sessions import Visitor
from domain.access import ROLE_LABELS, Actor
from domain.accounts import DEVICE_COOKIE, SESSION_COOKIE, LoggedIn
from domain.clock import now
from domain.errors import Invalid, LoginRefused, Refused
from web import demo, proxy
from web.forms import form, safe_next
from web.render import render

_DEVICE_SECONDS = 400 * 24 * 3600  # browsers keep no cookie longer
# few threads: each login holds one while it waits for its turn to hash
_logins = anyio.CapacityLimiter(6)


async def _in_thread(work: Any, *args: Any, **more: Any) -> Any:
    return await anyio.to_thread.run_sync(partial(work, *args, **more), limiter=_logins)


async def login_page(request: Request) -> Response:
    if request.method == "POST":
        return await _log_in(request, await form(request))
    return await _show_login(request, wanted=safe_next(request.query_params.get("next", "/")))


async def _show_login(
    request: Request, *, wanted: str, error: str = "", login: str = "", status: int = 200
) -> Response:
    buttons = await _in_thread(demo.logins, request.scope)
    body = render(
        "login.html",
        wanted=wanted,
        error=error,
        login=login,
        demo_logins=[(d, ROLE_LABELS[d.role], demo.SEES[d.role]) for d in buttons],
        passcode=demo.needs_passcode(request.scope, settings.current()),
        here=await _in_thread(_who, request),
    )
    return HTMLResponse(body, status)


def _who(request: Request) -> Actor | None:
    return sessions.identify(request.cookies.get(SESSION_COOKIE), now=now(), active=False)


async def _log_in(request: Request, sent: dict[str, str]) -> Response:
    wanted, login = safe_next(sent.get("next", "/")), sent.get("login", "")
    try:
        opened = await _in_thread(_open, request, sent)
    except LoginRefused as refusal:
        status = 429 if refusal.wait_seconds else 401
        answer = await _show_login(request, wanted=wanted, error=refusal.message, login=login, status=status)
        if refusal.wait_seconds:
            answer.headers["Retry-After"] = str(refusal.wait_seconds)
        return answer
    except Refused as refusal:
        return await _show_login(request, wanted=wanted, error=refusal.message, login=login, status=503)
    return _with_cookies(request, RedirectResponse(wanted, 303), opened)


def _open(request: Request, sent: dict[str, str]) -> LoggedIn:
    visitor = visitor_of(request)
    if "demo" in sent:
        _check_demo(request, sent.get("passcode", ""))
        return db.run(sessions.log_in_demo, login=sent["demo"], visitor=visitor, now=now())
    return sessions.log_in(login=sent.get("login", ""), password=sent.get("password", ""), visitor=visitor, now=now())


def _check_demo(request: Request, passcode: str) -> None:
    held = settings.current()
    if not demo.is_offered(request.scope, held):
        raise LoginRefused("这里没有演示登录，请用账号和密码登录。")
    if demo.needs_passcode(request.scope, held):
        right = held.demo_passcode.get_secret_value() if held.demo_passcode else ""
        address = proxy.address_of(request.scope)
        sessions.check_passcode(given=passcode, right=right, address=address, now=now())


def visitor_of(request: Request) -> Visitor:
    return Visitor(
        address=proxy.address_of(request.scope),
        agent=request.headers.get("user-agent", ""),
        device_token=request.cookies.get(DEVICE_COOKIE),
        old_token=request.cookies.get(SESSION_COOKIE),
    )


def _with_cookies(request: Request, answer: Response, opened: LoggedIn) -> Response:
    held = settings.current()
    same = {"httponly": True, "samesite": "lax", "path": "/", "secure": proxy.is_secure(request.scope, held)}
    seconds = int(held.session_days * 24 * 3600)
    answer.set_cookie(SESSION_COOKIE, opened.token, max_age=seconds, **same)  # type: ignore[arg-type]
    answer.set_cookie(DEVICE_COOKIE, opened.device_token, max_age=_DEVICE_SECONDS, **same)  # type: ignore[arg-type]
    return answer


async def logout_page(request: Request) -> Response:
    if request.method != "POST":
        return HTMLResponse(render("logout.html"))
    sent = await form(request)
    await _in_thread(_leave, request, everywhere="everywhere" in sent)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _leave(request: Request, *, everywhere: bool) -> None:
    token = request.cookies.get(SESSION_COOKIE, "")
    actor = _who(request)
    if actor and everywhere:
        db.run(sessions.log_out_everywhere, actor=actor, now=now())
    elif token:
        db.run(sessions.log_out, token=token, now=now())


async def password_page(request: Request) -> Response:
    actor: Actor = request.scope["linli_actor"]  # the gate lets nobody else through
    if request.method != "POST":
        wanted = safe_next(request.query_params.get("next", "/"))
        return _show_password(actor, wanted=wanted)
    sent = await form(request)
    wanted = safe_next(sent.get("next", "/"))
    try:
        opened = await _in_thread(_change, request, actor, sent)
    except LoginRefused as refusal:
        return _show_password(actor, wanted=wanted, error=refusal.message, status=429)
    except Refused as refusal:
        return _show_password(actor, wanted=wanted, error=refusal.message, status=422)
    return _with_cookies(request, RedirectResponse(wanted, 303), opened)


def _show_password(actor: Actor, *, wanted: str, error: str = "", status: int = 200) -> Response:
    forced = actor.must_change_password
    body = render("password.html", login=actor.login_name, forced=forced, wanted=wanted, error=error)
    return HTMLResponse(body, status)


def _change(request: Request, actor: Actor, sent: dict[str, str]) -> LoggedIn:
    new = sent.get("new", "")
    if new != sent.get("again", ""):
        raise Invalid("两次填写的新密码不一样，请重新填写。", field="again")
    old, visitor = sent.get("old", ""), visitor_of(request)
    return sessions.change_password(actor=actor, old=old, new=new, visitor=visitor, now=now())
