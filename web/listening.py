"""Where the server listens, how others on the network reach it, and when it answers."""

import contextlib
import errno
import http.client
import os
import socket
import ssl
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

from domain.errors import Refused
from web import proxy

TRIED = 100  # ports, from the one asked for
READY_SECONDS = 120.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_TAKEN = {errno.EADDRINUSE, errno.EACCES}


def free_port(host: str, port: int) -> int:
    """Give this port, or the next one that is free; 0 asks for any."""
    for candidate in range(port, min(port + TRIED, 65536)):
        try:
            with socket.socket(_family(host)) as probe:
                if os.name != "nt":  # as the server will: a port just left is free
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, candidate))
                return int(probe.getsockname()[1])
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) not in _TAKEN:
                raise Refused(f"不能在 {host}:{candidate} 上监听，请核对 --host 和 --port。") from error
    raise Refused(f"从 {port} 起没有空闲的端口，请用 --port 另指定一个。")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def lan_addresses() -> list[str]:
    """List this machine's own IPv4 addresses, the one of its usual way out first."""
    found: list[str] = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("10.255.255.255", 9))  # of a datagram socket: nothing is sent
        found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]


def local_address(host: str) -> str:
    """Say where this machine itself reaches a server that listens on `host`."""
    return _ANYWHERE.get(host, host)


def scheme(cert: Path | None, key: Path | None) -> str:
    """Say http or https, and refuse half a certificate."""
    if bool(cert) != bool(key):
        raise Refused("HTTPS 需要同时给出 --cert 和 --key。")
    for file in (cert, key):
        if file and not file.is_file():
            raise Refused(f"找不到 {file}，请核对证书文件的路径。")
    return "https" if cert else "http"


def is_anywhere(host: str) -> bool:
    return host in _ANYWHERE


def is_loopback(host: str) -> bool:
    return host in proxy.LOOPBACK


def url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def when_ready(scheme: str, host: str, port: int, do: Callable[[], None]) -> None:
    """Call `do` from a thread of its own as soon as the server answers."""

    def wait() -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if answers(scheme, local_address(host), port):
                do()
                return
            time.sleep(0.1)

    threading.Thread(target=wait, name="when-ready", daemon=True).start()


def answers(scheme: str, host: str, port: int) -> bool:
    """Tell whether /healthz says ok; past any proxy, and whatever name the certificate is for."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    if scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=5, context=context)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def open_browser(address: str) -> None:
    """Open the page, but in no text browser: that would take the terminal over."""
    with contextlib.suppress(webbrowser.Error):
        browser = webbrowser.get()
        if type(browser) is not webbrowser.GenericBrowser:
            browser.open(address)
