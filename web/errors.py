"""Error pages in Chinese, each with a number that is also in the log."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from domain.errors import Refused
from web import logs
from web.render import render

_TEXTS = {
    403: ("不能打开", "您没有查看这一页的权限。如有需要，请联系管理员。"),
    404: ("没有这一页", "网址可能写错了，或者这一页已经移走。"),
    500: ("出了点问题", "刚才的操作没有完成，请稍后再试一次。"),
}
_OTHER = ("这一步没有完成", "请返回首页重新操作；仍然不行，请联系管理员。")
NO_SCREEN = "这块大屏的网址不对，或者许可已收回。请管理员在“系统设置 → 大屏”里另做一个网址。"
SCRIPT_ERROR = "出了点问题，刚才的操作没有完成，请稍后再试；仍然不行，请把错误编号 {} 告诉管理员。"


def page(status: int, number: str, *, sentence: str = "", login: str = "") -> Response:
    """Give it with the way home, or to this address, where one logs in."""
    title, usual = _TEXTS.get(status, _OTHER)
    body = render("error.html", title=title, sentence=sentence or usual, number=number, login=login)
    return HTMLResponse(body, status)


def plain(status: int, text: str) -> Response:
    return PlainTextResponse(text, status)


def number_of(request: Request) -> str:
    return str(request.scope.get("linli_request") or logs.new_number())


def on_http_error(request: Request, error: Exception) -> Response:
    """Answer a route's HTTPException: a page to a person, one plain line to a program."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if "text/html" in request.headers.get("accept", ""):
        return page(status, number_of(request))
    return plain(status, _TEXTS.get(status, _OTHER)[0])


def handlers() -> dict[Any, Any]:
    return {HTTPException: on_http_error}


def script_error_text(error: BaseException) -> str:
    """Log what a page's script raised and give the sentence to show in its place."""
    if isinstance(error, Refused):
        return error.message
    number = logs.new_number()
    logs.failure(error, number)
    return SCRIPT_ERROR.format(number)
