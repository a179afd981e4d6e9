"""The gate in front of the real thing: uvicorn, Streamlit's application, its own WebSocket."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

import db
import settings
from db import sessions
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from settings import Settings
from tests.builders import World
from tests.web.conftest import PASSWORD

pytestmark = pytest.mark.slow  # each starts a server of its own

ROOT = Path(__file__).parent.parent.parent
LAUNCHER = """
import socket, sys
from pathlib import Path
import streamlit as st, uvicorn
import web

def on_script_error(error):
    st.error(web.script_error_text(error))
    return True

script = Path(sys.argv[1])
app = st.App(
    script,
    routes=web.routes(),
    middleware=web.middleware(("tickets",)),
    exception_handlers=web.handlers(),
    on_script_error=on_script_error,
)
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio")).run(sockets=[sock])
"""
SCRIPT = """
import streamlit as st
from pages._session import require

user = require("tickets.read")
st.text(f"hello {user.name}")
st.text(1 / 0 if "break" in st.query_params else "whole")
"""


@contextmanager
def serve(folder: Path, held: Settings) -> Iterator[str]:
    """Start a server of its own process on a free port, and end it."""
    (folder / "launcher.py").write_text(LAUNCHER)
    (folder / "script.py").write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LINLI_DATA_DIR": str(held.data_dir), "PYTHONUTF8": "1"}
    command = [sys.executable, str(folder / "launcher.py"), str(folder / "script.py")]
    process = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        base = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        httpx.get(f"{base}/_stcore/health", timeout=30)  # the socket listens already: this waits
        yield base
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


@pytest.fixture
def base(linfang: World, tmp_path: Path) -> Iterator[str]:
    with serve(tmp_path, settings.current()) as found:
        yield found


def log_in(base: str, next_: str = "/") -> httpx.Response:
    fields = {"login": "linfang", "password": PASSWORD, "next": next_}
    return httpx.post(f"{base}/login", data=fields, headers={"origin": base})


def stream(base: str, token: str | None = None, origin: str | None = None) -> connect:
    cookie = {"cookie": f"{SESSION_COOKIE}={token}"} if token else {}
    address = base.replace("http", "ws") + "/_stcore/stream"
    return connect(address, additional_headers={"origin": origin or base, **cookie}, subprotocols=["streamlit"])  # type: ignore[list-item]


async def run_script(socket: websockets.ClientConnection, query: str = "") -> str:
    """Ask for a run, as the browser does, and read all it sends until the script has ended."""
    asked = BackMsg()
    asked.rerun_script.query_string = query
    await socket.send(asked.SerializeToString())
    seen = b""
    while True:
        frame = await asyncio.wait_for(socket.recv(), 30)
        assert isinstance(frame, bytes)
        seen += frame
        if ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
            return seen.decode("utf-8", "replace")


def refusal(base: str, **more: str) -> int:
    async def attempt() -> int:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with stream(base, **more):
                pass
        return refused.value.response.status_code

    return asyncio.run(attempt())


def test_nothing_opens_without_a_session(base: str) -> None:
    page = httpx.get(f"{base}/tickets?tk_status=late", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Ftickets%3Ftk_status%3Dlate")
    assert httpx.get(f"{base}/media/abc.png").status_code == 401
    assert httpx.put(f"{base}/_stcore/upload_file/a/b", headers={"origin": base}).status_code == 401
    assert httpx.get(f"{base}/_stcore/metrics").status_code == 403
    assert refusal(base) == 403
    assert refusal(base, token="made-up") == 403


def test_with_a_session_the_script_runs_for_this_person(base: str) -> None:
    token = log_in(base).cookies[SESSION_COOKIE]

    async def visit() -> list[str]:
        async with stream(base, token) as socket:
            seen = [await run_script(socket), await run_script(socket, "break=1")]
            db.run(sessions.log_out, token=token, now=now())
            return [*seen, await run_script(socket)]

    first, broken, ended = asyncio.run(visit())

    assert "hello 林芳" in first and "whole" in first
    assert "错误编号" in broken and "division by zero" not in broken
    assert "登录已结束" in ended and "hello" not in ended
    assert refusal(base, token=token) == 403


def test_a_foreign_page_cannot_open_the_stream(base: str) -> None:
    token = log_in(base).cookies[SESSION_COOKIE]

    assert refusal(base, token=token, origin="http://evil.example") == 403


def test_the_login_page_arrives_packed_and_whole(base: str) -> None:
    page = httpx.get(f"{base}/login", headers={"accept": "text/html", "accept-encoding": "gzip"})

    assert page.headers["content-encoding"] == "gzip"
    assert page.text.rstrip().endswith("</html>") and "登录" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_the_document_is_rewritten_and_secured(base: str) -> None:
    answer = log_in(base, "/tickets?tk_mine=1")
    assert answer.headers["location"] == "/tickets?tk_mine=1"
    token = answer.cookies[SESSION_COOKIE]

    page = httpx.get(base + answer.headers["location"], cookies={SESSION_COOKIE: token})

    assert '<html lang="zh-CN">' in page.text and "<title>邻里一屏</title>" in page.text
    assert "content-encoding" not in page.headers
    assert "sha256-" in page.headers["content-security-policy"]
    assert httpx.get(f"{base}/nowhere", cookies={SESSION_COOKIE: token}).status_code == 404


def test_straight_after_a_restart_the_gate_stands_and_sessions_hold(linfang: World, tmp_path: Path) -> None:
    with serve(tmp_path, settings.current()) as base:
        token = log_in(base).cookies[SESSION_COOKIE]

    with serve(tmp_path, settings.current()) as base:
        assert refusal(base) == 403
        assert httpx.get(f"{base}/tickets").status_code == 303
        assert httpx.get(f"{base}/tickets", cookies={SESSION_COOKIE: token}).status_code == 200
