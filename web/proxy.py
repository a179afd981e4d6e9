"""What a trusted proxy in front says about the visitor: their address, the scheme, the host."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from settings import Settings

Scope = MutableMapping[str, Any]
FORWARDING = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def is_forwarded(scope: Scope) -> bool:
    return any(key in FORWARDING for key, _ in scope["headers"])


def is_secure(scope: Scope, held: Settings) -> bool:
    return scope.get("scheme") in ("https", "wss") or (held.public_url or "").startswith("https:")


def as_seen_outside(scope: Scope, held: Settings) -> Scope:
    """Put the visitor's own address, scheme and host in, if a trusted proxy has named them."""
    trusted = {part.strip() for part in held.trusted_proxies.split(",") if part.strip()}
    if address_of(scope) not in trusted and not (_named_by_uvicorn(scope) and trusted & LOOPBACK):
        return scope
    seen: Scope = dict(scope)
    chain = [_without_port(part.strip()) for part in header(scope, b"x-forwarded-for").split(",") if part.strip()]
    # from the right: what stands left of the last stranger he may have written himself
    visitor = next((part for part in reversed(chain) if part not in trusted), None)
    if visitor:
        seen["client"] = (visitor, 0)
    if (scheme := header(scope, b"x-forwarded-proto").strip()) in ("http", "https"):
        seen["scheme"] = scheme if scope["type"] == "http" else scheme.replace("http", "ws")
    if host := header(scope, b"x-forwarded-host").split(",")[0].strip():
        seen["headers"] = with_header(scope["headers"], b"host", host.encode("latin-1"))
    return seen


def _named_by_uvicorn(scope: Scope) -> bool:
    """Uvicorn itself believes a proxy on this machine, and gives the visitor it names port 0."""
    client = scope.get("client") or ("", None)
    return client[1] == 0


def _without_port(address: str) -> str:
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def with_header(headers: list[tuple[bytes, bytes]], name: bytes, value: bytes) -> list[tuple[bytes, bytes]]:
    return [(k, v) for k, v in headers if k != name] + [(name, value)]


def is_same_origin(scope: Scope, held: Settings) -> bool:
    """Tell whether a page of ours sent this; what is no browser sends no Origin and no Sec-Fetch-Site."""
    origin = header(scope, b"origin")
    if not origin:
        return header(scope, b"sec-fetch-site") in ("", "same-origin", "none")
    found = _place(origin)
    scheme = "https" if is_secure(scope, held) else "http"
    ours = {_place(f"{scheme}://{header(scope, b'host')}")[1], _place(held.public_url or "")[1]} - {""}
    return found[0] in ("http", "https") and found[1] in ours


def _place(url: str) -> tuple[str, str]:
    """Split into scheme and host:port, the default ports left out."""
    parts = urlsplit(url)
    place = parts.netloc.casefold()
    default = {"http": ":80", "https": ":443"}.get(parts.scheme)
    return parts.scheme, place.removesuffix(default) if default else place
