"""Nobody passes without a session, and what passes carries the headers."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import db
from db import sessions
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from tests.web.conftest import HERE, log_in, origin
from web import headers, proxy

WS = HERE.replace("http", "ws")


def connect(client: TestClient, path: str) -> str:
    with client.websocket_connect(WS + path, headers=origin()) as socket:
        return socket.receive_text()


def refused_socket(client: TestClient, path: str, place: str = HERE) -> int:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(WS + path, headers={"origin": place}) as socket,
    ):
        socket.receive_text()
    return closed.value.code


# --- without a session


@pytest.mark.parametrize(
    ("asked", "next_"),
    [
        ("/", ""),
        ("/tickets", "?next=%2Ftickets"),
        ("/tickets?tk_status=late&ticket=7", "?next=%2Ftickets%3Ftk_status%3Dlate%26ticket%3D7"),
        ("/nowhere", "?next=%2Fnowhere"),
        ("/password", "?next=%2Fpassword"),
    ],
)
def test_a_document_is_sent_to_the_login(client: TestClient, asked: str, next_: str) -> None:
    answer = client.get(asked)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/login{next_}")


@pytest.mark.parametrize("path", ["/media/a.png", "/_stcore/host-config", "/component/x", "/live"])
def test_everything_else_is_refused(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"accept": "*/*"}).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
def test_an_upload_is_refused(client: TestClient, method: str) -> None:
    assert client.request(method, "/_stcore/upload_file/1/2", headers=origin()).status_code == 401


def test_a_script_fetching_a_page_gets_no_redirect(client: TestClient) -> None:
    answer = client.get("/tickets", headers={"sec-fetch-dest": "empty"})

    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a" * 5000, "%00", "林"])
def test_a_made_up_token_opens_nothing(client: TestClient, token: str) -> None:
    cookie = f"{SESSION_COOKIE}={token}".encode().decode("latin-1")

    assert client.get("/media/a.png", headers={"cookie": cookie.encode("latin-1")}).status_code == 401


def test_the_stream_is_refused_before_it_opens(client: TestClient) -> None:
    assert refused_socket(client, "/_stcore/stream") == 4401


def test_another_socket_is_told_to_log_in_again(client: TestClient) -> None:
    with (
        client.websocket_connect(WS + "/live", headers=origin()) as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_text()

    assert closed.value.code == 4401


@pytest.mark.parametrize("path", ["/login", "/logout", "/healthz", "/static/app.js"])
def test_the_few_public_paths_are_open(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/../media/a.png", "//media/a.png", "/static\\..\\media", "/static/%2e%2e/media/a.png"]
)
def test_a_twisted_path_is_refused(client: TestClient, path: str) -> None:
    assert client.get(HERE + path).status_code in (400, 401)


@pytest.mark.parametrize("path", ["/login/", "/Login", "/healthz/x", "/loginx"])
def test_what_only_looks_public_is_closed(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 303


# --- with a session


def test_with_a_session_all_opens(logged_in: TestClient) -> None:
    assert logged_in.get("/tickets").status_code == 200
    assert logged_in.get("/media/a.png").status_code == 200
    assert connect(logged_in, "/_stcore/stream") == "hello"
    assert connect(logged_in, "/live") == '{"beat":1}'


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/mcp", "/_stcore/agent/interact"])
def test_what_nobody_needs_is_closed_to_all(logged_in: TestClient, path: str) -> None:
    assert logged_in.get(path).status_code == 403


def test_after_logging_out_here_nothing_opens(logged_in: TestClient) -> None:
    token = logged_in.cookies[SESSION_COOKIE]
    assert logged_in.get("/media/a.png").status_code == 200

    db.run(sessions.log_out, token=token, now=now())

    assert logged_in.get("/tickets").status_code == 303
    assert logged_in.put("/media/a.png", headers=origin()).status_code == 401
    assert logged_in.get("/media/a.png").status_code == 401
    assert refused_socket(logged_in, "/_stcore/stream") == 4401


def test_an_initial_password_opens_only_the_page_to_change_it(client: TestClient) -> None:
    log_in(client, "newcomer")

    answer = client.get("/tickets?tk_mine=1")

    assert answer.headers["location"] == "/password?next=%2Ftickets%3Ftk_mine%3D1"
    assert client.get("/password").status_code == 200
    assert client.get("/media/a.png").status_code == 403
    assert refused_socket(client, "/_stcore/stream") == 4401


# --- where it comes from


@pytest.mark.parametrize("place", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1"])
def test_a_foreign_page_can_do_nothing(logged_in: TestClient, place: str) -> None:
    assert logged_in.post("/logout", headers=origin(place)).status_code == 403
    assert logged_in.put("/media/a.png", headers=origin(place)).status_code == 403
    assert refused_socket(logged_in, "/_stcore/stream", place) == 4403
    assert logged_in.get("/tickets").status_code == 200


def test_a_foreign_form_is_known_without_an_origin(logged_in: TestClient) -> None:
    assert logged_in.post("/logout", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_the_public_address_counts_as_ours(logged_in: TestClient, change_settings: Callable[..., Any]) -> None:
    change_settings(public_url="https://linli.example")

    assert logged_in.put("/media/a.png", headers=origin("https://linli.example")).status_code == 200


FORWARDED = {
    "x-forwarded-host": "linli.example",
    "x-forwarded-proto": "https",
    "x-forwarded-for": "203.0.113.9, 198.51.100.7",
}


def test_a_trusted_proxy_names_host_scheme_and_visitor(client: TestClient, change_settings: Callable[..., Any]) -> None:
    held = change_settings(trusted_proxies="10.0.0.1")
    raw = [(k.encode(), v.encode()) for k, v in FORWARDED.items()]
    scope = {"type": "http", "scheme": "http", "client": ("10.0.0.1", 4000), "headers": raw}

    seen = proxy.as_seen_outside(scope, held)

    assert (proxy.address_of(seen), seen["scheme"]) == ("198.51.100.7", "https")
    assert proxy.header(seen, b"host") == "linli.example"
    assert proxy.as_seen_outside({**scope, "client": ("10.0.0.2", 4000)}, held)["client"][0] == "10.0.0.2"


@pytest.mark.parametrize("visitor", ["198.51.100.7:5123", "[2001:db8::7]:5123", "2001:db8::7"])
def test_a_forwarded_address_may_carry_a_port(
    client: TestClient, change_settings: Callable[..., Any], visitor: str
) -> None:
    held = change_settings(trusted_proxies="10.0.0.1")
    raw = [(b"x-forwarded-for", visitor.encode())]

    seen = proxy.as_seen_outside({"type": "http", "client": ("10.0.0.1", 4000), "headers": raw}, held)

    assert proxy.address_of(seen) in ("198.51.100.7", "2001:db8::7")


def test_a_proxy_on_this_machine_is_believed_behind_uvicorn_too(
    client: TestClient, change_settings: Callable[..., Any]
) -> None:
    raw = [(k.encode(), v.encode()) for k, v in FORWARDED.items()]
    scope = {"type": "http", "client": ("198.51.100.7", 0), "headers": raw}  # as uvicorn hands it on

    believed = proxy.as_seen_outside(scope, change_settings(trusted_proxies="127.0.0.1"))
    not_believed = proxy.as_seen_outside(scope, change_settings(trusted_proxies="10.0.0.1"))

    assert proxy.header(believed, b"host") == "linli.example"
    assert proxy.header(not_believed, b"host") == ""


def test_a_strangers_forwarding_headers_are_nothing(logged_in: TestClient) -> None:
    place = origin("https://linli.example") | FORWARDED

    assert logged_in.put("/media/a.png", headers=place).status_code == 403


# --- what every answer carries


@pytest.mark.parametrize("path", ["/login", "/tickets", "/media/a.png", "/nowhere", "/broken", "/_stcore/metrics"])
def test_every_answer_is_secured(logged_in: TestClient, path: str) -> None:
    held = logged_in.get(path).headers

    assert "default-src 'self'" in held["content-security-policy"]
    assert "unsafe-eval" not in held["content-security-policy"]
    assert held["x-content-type-options"] == "nosniff"
    assert held["referrer-policy"] == "same-origin"
    assert held["x-frame-options"] == "SAMEORIGIN"
    assert "camera=(self)" in held["permissions-policy"]
    assert held["cache-control"] == "no-store"


def test_streamlits_own_assets_may_be_kept(client: TestClient) -> None:
    assert "cache-control" not in client.get("/static/app.js").headers


def test_the_policy_names_the_inline_script_of_the_document() -> None:
    inline = re.findall(rb"<script>", headers.streamlit_index())

    assert len(re.findall(r"'sha256-[\w+/]{43}='", headers.csp().decode())) == len(inline) == 1


def test_the_document_is_chinese(logged_in: TestClient) -> None:
    answer = logged_in.get("/tickets", headers={"if-none-match": '"x"', "accept-encoding": "gzip"})

    assert '<html lang="zh-CN">' in answer.text
    assert "<title>邻里一屏</title>" in answer.text
    assert "content-length" not in answer.headers  # Streamlit's own would be wrong
    assert logged_in.head("/tickets").status_code == 200


def test_an_unknown_page_is_a_chinese_404(logged_in: TestClient) -> None:
    answer = logged_in.get("/nowhere")

    assert answer.status_code == 404
    assert "没有这一页" in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_route_that_breaks_shows_a_number_and_no_traceback(logged_in: TestClient) -> None:
    answer = logged_in.get("/broken")

    assert answer.status_code == 500
    assert re.search(r"错误编号 [0-9A-F]{8}", answer.text)
    assert "ValueError" not in answer.text and "13812345678" not in answer.text
