"""Plotly as the charts here need it: a quarter of what Streamlit sends, evaluated in half the time.

The bundle defines its parts in the order in which they need each other: the core with its lines, bars, boxes, heat
maps, and then forty kinds that no chart here is of, with maps and WebGL. Those are left out. A bundle that does not
look like that is left as it is. A browser asks each time whether it is still the same: its name is Streamlit's, and
stays when more kinds are wanted.
"""

import hashlib
import re
from functools import cache

from starlette.responses import Response

from web import headers, proxy

KINDS = ("bar", "heatmap")  # beside the core's scatter; those up to the last of them are kept
_FOLDER = "/static/js/"
_DEFINED = r'([\w$]+)=_\(\{"lib/%s\.js"\(e,t\)\{t\.exports=[\w$]+\(\)\}\}\)'
_ALL = re.compile(r';return _\(\{"lib/index\.js"\(e,t\)\{var n=[\w$]+\(\);n\.register\(\[([^\]]*)\]')


def answer(scope: proxy.Scope, path: str) -> Response | None:
    """Answer for the script of Streamlit's charts; None for any other path."""
    if not path.startswith(f"{_FOLDER}PlotlyChart."):
        return None
    body, tag = scripts().get(path, (b"", ""))
    if not body:
        return None
    known = {"etag": tag, "cache-control": "public, no-cache"}
    if tag in proxy.header(scope, b"if-none-match"):  # marked as weak by a proxy that packs it
        return Response(status_code=304, headers=known)
    return Response(body, media_type="text/javascript", headers=known)


@cache
def scripts() -> dict[str, tuple[bytes, str]]:
    """Cut each such script once: path → what is sent, and its tag."""
    found = {}
    for file in (headers.streamlit_files() / "static" / "js").glob("PlotlyChart.*.js"):
        if body := cut(file.read_text("utf-8")).encode():
            found[_FOLDER + file.name] = body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return found


def cut(text: str) -> str:
    """Leave out what follows the last kind that is wanted; nothing if the text is not what is known."""
    every = _ALL.search(text)
    kinds = [re.search(_DEFINED % kind, text) for kind in KINDS]
    if not every or not all(kinds):
        return ""
    named = [kind for kind in kinds if kind]
    wanted = ",".join(f"{kind[1]}()" for kind in named)
    last = max(kind.end() for kind in named)
    return text[:last] + text[every.start() : every.start(1)] + wanted + text[every.end(1) :]
