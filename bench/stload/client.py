"""One Streamlit browser session, spoken from Python.

Covers what the 1.67 web frontend does on the wire and nothing else:

* GET the page, then ``_stcore/health`` (which sets the XSRF cookie) and
  ``_stcore/host-config``;
* websocket ``_stcore/stream`` with subprotocols
  ``["streamlit", <xsrf cookie or PLACEHOLDER_AUTH_TOKEN>, <last session id>]``;
* ``BackMsg.rerun_script`` carrying the query string, page, *all* widget states,
  fragment id and the hashes of the cached forward messages;
* ``ForwardMsg`` parsing, including the message cache (``ref_hash``), page list
  (``navigation``), ``auto_rerun`` timers (``st.fragment(run_every=...)``) and
  ``stop_auto_rerun``.

Protobuf classes come from the installed ``streamlit`` package, loaded without
running ``streamlit/__init__`` (so a driver process stays small and starts fast).
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import time
import types
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


def _load_protos():
    if "streamlit" not in sys.modules:
        spec = importlib.util.find_spec("streamlit")
        pkg = types.ModuleType("streamlit")
        pkg.__path__ = list(spec.submodule_search_locations)
        sys.modules["streamlit"] = pkg
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    return BackMsg, ForwardMsg


BackMsg, ForwardMsg = _load_protos()

OK, COMPILE_ERROR, EARLY, FRAGMENT_OK = 0, 1, 2, 3
INTERNAL = "$$STREAMLIT_INTERNAL_KEY"
now = time.perf_counter


@dataclass(slots=True)
class Op:
    """One request and what came back for it."""

    kind: str  # load | rerun | page | set | click | fire | auto
    fragment: str  # fragment id, "" for the whole script
    t0: float  # when it was due
    sent: float  # when it was written to the socket
    first: float = 0.0  # first delta of the run that answered it
    end: float = 0.0  # script_finished
    bytes: int = 0
    msgs: int = 0
    error: str = ""
    done: asyncio.Event = field(default_factory=asyncio.Event)


class SessionError(RuntimeError):
    pass


class StSession:
    """A browser tab. ``on_op`` gets every finished Op, ``on_frame`` every raw frame."""

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        *,
        page: str = "",
        query: str = "",
        answer_auto: bool = True,
        compress: bool = True,
        cookies: dict | None = None,
        headers: dict | None = None,
        locale: str = "en-US",
        timezone: str = "UTC",
        on_op=None,
        on_frame=None,
        use_cache: bool = True,
    ):
        self.url = url.rstrip("/")
        self.http = http
        self.page, self.query = page.strip("/"), query
        self.answer_auto, self.compress, self.use_cache = answer_auto, compress, use_cache
        self.cookies, self.headers = dict(cookies or {}), dict(headers or {})
        self.locale, self.timezone = locale, timezone
        self.on_op, self.on_frame = on_op, on_frame
        self.session_id = ""
        self.page_hash = ""  # current page_script_hash
        self.pages: dict[str, str] = {}  # url_pathname -> page_script_hash
        self.widgets: dict[tuple, tuple] = {}  # delta path -> (type, proto, run, fragment)
        self.states: dict[str, object] = {}  # widget id -> WidgetState setter args
        self.cache: dict[str, list] = {}  # message hash -> [run number, fragment]
        self.cache_run, self.cache_age = 0, 2
        self.pending: list[Op] = []
        self.timers: dict[str, tuple[float, asyncio.Task]] = {}
        self.run_id, self.run_fragments = "", []
        self._acc = [0, 0]  # bytes, msgs since the last finish
        self._first = 0.0
        self._run_error = ""
        self.total_bytes = self.total_msgs = 0
        self.errors: list[str] = []
        self.lag: list[float] = []  # auto-rerun timer lateness (driver health)
        self.superseded = 0
        self.ws = None
        self._reader = None
        self.closed = False
        self.http_bytes = 0

    # ---- connect -----------------------------------------------------------
    def _cookie_header(self) -> dict:
        h = dict(self.headers)
        if self.cookies:
            h["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        return h

    async def _get(self, path: str) -> tuple[int, bytes]:
        r = await self.http.get(self.url + path, headers=self._cookie_header())
        for name, value in r.cookies.items():
            self.cookies[name] = value
        self.http_bytes += len(r.content)
        return r.status_code, r.content

    async def connect(self, assets: bool = False) -> Op:
        """Open the tab; returns the finished first-load Op (t0 = before GET /)."""
        t0 = now()
        path = "/" + self.page + (f"?{self.query}" if self.query else "")
        status, body = await self._get(path)
        if status != 200:
            raise SessionError(f"GET {path}: {status}")
        if assets:
            import re

            for u in re.findall(rb'(?:src|href)="\./(static/[^"]+)"', body):
                await self._get("/" + u.decode())
        (s1, _), _ = await asyncio.gather(self._get("/_stcore/health"), self._get("/_stcore/host-config"))
        if s1 != 200:
            raise SessionError(f"health: {s1}")
        parts = urlsplit(self.url)
        ws_url = ("wss" if parts.scheme == "https" else "ws") + "://" + parts.netloc + parts.path + "/_stcore/stream"
        token = self.cookies.get("_streamlit_xsrf", "PLACEHOLDER_AUTH_TOKEN")
        protos = ["streamlit", token] + ([self.session_id] if self.session_id else [])
        self.ws = await connect(
            ws_url,
            subprotocols=protos,
            origin=f"{parts.scheme}://{parts.netloc}",
            additional_headers=self._cookie_header(),
            max_size=None,
            compression="deflate" if self.compress else None,
            open_timeout=60,
            ping_interval=None,
        )
        self._reader = asyncio.create_task(self._read())
        op = self._send("load", t0=t0)
        await self._wait(op, 60)
        return op

    # ---- requests ----------------------------------------------------------
    def _send(
        self,
        kind: str,
        fragment: str = "",
        t0: float | None = None,
        triggers=(),
        page_hash: str | None = None,
        auto: bool = False,
        query: str | None = None,
    ) -> Op:
        m = BackMsg()
        cs = m.rerun_script
        cs.query_string = self.query if query is None else query
        if page_hash is not None:
            cs.page_script_hash = page_hash
        elif self.page_hash:
            cs.page_script_hash = self.page_hash
        else:
            cs.page_name = self.page
        if fragment:
            cs.fragment_id = fragment
        if auto:
            cs.is_auto_rerun = True
        for wid, (fld, val) in self.states.items():
            self._put(cs.widget_states.widgets.add(), wid, fld, val)
        for wid, (fld, val) in triggers:
            self._put(cs.widget_states.widgets.add(), wid, fld, val)
        if self.use_cache:
            cs.cached_message_hashes.extend(self.cache)
        c = cs.context_info
        c.timezone, c.timezone_offset, c.locale = self.timezone, 0, self.locale
        c.url, c.is_embedded, c.color_scheme = f"{self.url}/{self.page}", False, "light"
        op = Op(kind, fragment, now() if t0 is None else t0, now())
        self.pending.append(op)
        if self.closed or self.ws is None:
            self._finish(op, "closed")
            return op
        self._writing = asyncio.ensure_future(self._write(m.SerializeToString()))
        return op

    @staticmethod
    def _put(ws, wid, fld, val):
        ws.id = wid
        if fld in ("string_array_value", "int_array_value", "double_array_value"):
            getattr(ws, fld).data.extend(val)
        elif fld == "string_trigger_value":
            ws.string_trigger_value.data = val
        else:
            setattr(ws, fld, val)

    async def _write(self, data: bytes):
        try:
            await self.ws.send(data)
        except (ConnectionError, ConnectionClosed) as e:
            self.errors.append(f"send: {type(e).__name__}")

    async def _wait(self, op: Op, timeout: float) -> Op:
        try:
            await asyncio.wait_for(op.done.wait(), timeout)
        except TimeoutError:
            if op in self.pending:
                self.pending.remove(op)
            self._finish(op, "timeout")
        return op

    async def rerun(self, timeout=60) -> Op:
        return await self._wait(self._send("rerun"), timeout)

    async def go(self, page: str, timeout=60) -> Op:
        """Switch page as a navigation click does (timers and page widgets dropped)."""
        h = self.pages.get(page.strip("/"))
        if h is None:
            raise SessionError(f"no page {page!r}; pages: {sorted(self.pages)}")
        self._stop_timers()
        self.page, self.page_hash, self.query = page.strip("/"), h, ""
        return await self._wait(self._send("page", page_hash=h), timeout)

    def find(self, ref: str):
        """Widget by user key, then label, then by 'type#n' (n-th of that type)."""
        want_type, _, nth = ref.partition("#")
        hits = []
        for _path, (typ, el, _r, frag) in self.widgets.items():
            wid = el.id
            if wid.endswith("-" + ref) or getattr(el, "label", None) == ref:
                return typ, el, frag
            if nth and typ == want_type:
                hits.append((typ, el, frag))
        if nth and hits:
            return hits[int(nth) % len(hits)]
        raise SessionError(f"no widget {ref!r}")

    def components(self):
        """Own components (v2) on the page, as they were last sent."""
        return [el for typ, el, _run, _fragment in self.widgets.values() if typ == "bidi_component"]

    async def click(self, ref: str, timeout=60) -> Op:
        _typ, el, frag = self.find(ref)
        return await self._wait(self._send("click", frag, triggers=[(el.id, ("trigger_value", True))]), timeout)

    async def fire(self, ref: str, event: str, value, timeout=60) -> Op:
        """components v2 setTriggerValue(event, value)."""
        _t, el, frag = self.find(ref)
        payload = json.dumps([{"event": event, "value": value}])
        return await self._wait(
            self._send("fire", frag, triggers=[(f"{INTERNAL}_{el.id}__events", ("json_trigger_value", payload))]),
            timeout,
        )

    async def set(self, ref: str, value: str, timeout=60) -> Op | None:
        typ, el, frag = self.find(ref)
        self.states[el.id] = self._state_for(typ, value)
        if getattr(el, "form_id", ""):
            return None  # sent with the form's submit
        return await self._wait(self._send("set", frag), timeout)

    @staticmethod
    def _state_for(typ, value: str):
        if typ == "checkbox":
            return "bool_value", value.lower() in ("1", "true", "on", "yes")
        if typ == "number_input":
            return "double_value", float(value)
        if typ == "slider":
            return "double_array_value", [float(v) for v in value.split(",")]
        if typ in ("multiselect", "button_group", "date_input"):
            return "string_array_value", [v for v in value.split(",") if v]
        if typ == "bidi_component":
            return "json_value", value
        return "string_value", value

    def _mount_state(self, typ, el):
        """The value the browser registers when a widget mounts (fromUser: false)."""
        if el.id in self.states:
            if getattr(el, "set_value", False):
                self.states.pop(el.id)
            else:
                return
        if typ == "checkbox":
            self.states[el.id] = ("bool_value", el.value if el.set_value else el.default)
        elif typ in ("text_input", "text_area"):
            v = el.value if el.set_value else el.default
            if v:
                self.states[el.id] = ("string_value", v)
        elif typ == "number_input":
            if el.set_value or el.HasField("default"):
                self.states[el.id] = ("double_value", el.value if el.set_value else el.default)
        elif typ in ("selectbox", "radio"):
            opts = list(el.options)
            if el.set_value and el.HasField("raw_value"):
                self.states[el.id] = ("string_value", el.raw_value)
            elif el.HasField("default") and 0 <= el.default < len(opts):
                o = opts[el.default]
                self.states[el.id] = ("string_value", o if isinstance(o, str) else o.content)

    # ---- auto rerun (st.fragment(run_every=...)) -----------------------------
    def _auto(self, fragment: str, interval: float):
        old = self.timers.get(fragment)
        if old and old[0] == interval:
            return
        if old:
            old[1].cancel()
        self.timers[fragment] = (interval, asyncio.create_task(self._tick(fragment, interval)))

    async def _tick(self, fragment: str, interval: float):
        due = now()
        while not self.closed:
            due += interval
            await asyncio.sleep(max(0.0, due - now()))
            self.lag.append(now() - due)
            self._send("auto", fragment, t0=due, auto=True)

    def _stop_timers(self, ids=None):
        for fid in list(self.timers) if ids is None else ids:
            t = self.timers.pop(fid, None)
            if t:
                t[1].cancel()

    # ---- incoming ----------------------------------------------------------
    async def _read(self):
        try:
            async for data in self.ws:
                self._handle(data)
        except Exception as e:
            self.errors.append(f"read: {type(e).__name__}: {e}")
        if not self.closed:
            self.errors.append(f"disconnect {self.ws.close_code}")
            for op in self.pending:
                self._finish(op, "disconnect")
            self.pending.clear()
            self._stop_timers()

    def _handle(self, data: bytes):
        t = now()
        self._count(len(data))
        if self.on_frame:
            self.on_frame(self, data, t)
        m = ForwardMsg.FromString(data)
        kind = m.WhichOneof("type")
        if kind in ("delta", "ref_hash"):
            self._first = self._first or t
        if kind == "script_finished":
            self._on_finished(m.script_finished, t)
        elif known := getattr(self, f"_on_{kind}", None):
            known(m)

    def _count(self, size: int):
        self.total_bytes += size
        self.total_msgs += 1
        self._acc[0] += size
        self._acc[1] += 1

    def _on_delta(self, m):
        d = m.delta
        if self.use_cache and m.metadata.cacheable and m.hash:
            self._cached(m.hash, d.fragment_id)
        if d.WhichOneof("type") != "new_element":
            return
        path, typ = tuple(m.metadata.delta_path), d.new_element.WhichOneof("type")
        proto = getattr(d.new_element, typ) if typ else None
        if typ == "exception":
            self._run_error = f"exception: {proto.type}: {proto.message[:200]}"
            self.errors.append(self._run_error)
        if proto is not None and getattr(proto, "id", ""):
            self.widgets[path] = (typ, proto, self.run_id, d.fragment_id)
            self._mount_state(typ, proto)
        else:
            self.widgets.pop(path, None)

    def _on_ref_hash(self, m):
        if m.ref_hash in self.cache:
            self._cached(m.ref_hash)  # a hit renews its age
        else:
            self.errors.append("cache miss")
        path = tuple(m.metadata.delta_path)
        if w := self.widgets.get(path):
            self.widgets[path] = (w[0], w[1], self.run_id, w[3])

    def _on_new_session(self, m):
        ns, run = m.new_session, m.metadata.run
        self.run_id, self.run_fragments = run.script_run_id, list(run.fragment_ids)
        self._first, self._run_error = 0.0, ""
        self.session_id = ns.initialize.session_id or self.session_id
        self.cache_age = ns.config.max_cached_message_age
        if not self.run_fragments:
            self._stop_timers()
            self.page_hash = ns.page_script_hash or self.page_hash

    def _on_navigation(self, m):
        self.pages = {p.url_pathname: p.page_script_hash for p in m.navigation.app_pages}
        for p in m.navigation.app_pages:  # titles too: the default page's path is ""
            self.pages.setdefault(p.page_name, p.page_script_hash)
            if p.is_default:
                self.pages.setdefault("", p.page_script_hash)
        self.page_hash = m.navigation.page_script_hash or self.page_hash

    def _on_auto_rerun(self, m):
        if self.answer_auto and m.auto_rerun.fragment_id:
            self._auto(m.auto_rerun.fragment_id, m.auto_rerun.interval)

    def _on_stop_auto_rerun(self, m):
        self._stop_timers(m.stop_auto_rerun.fragment_ids)

    def _on_page_not_found(self, _m):
        self.errors.append(f"page not found: {self.page}")

    def _on_session_event(self, m):
        if m.session_event.WhichOneof("type") == "script_compilation_exception":
            self._run_error = "compile error"
            self.errors.append(self._run_error)

    def _cached(self, h: str, fragment: str = ""):
        entry = self.cache.setdefault(h, [0, fragment])
        entry[0] = self.cache_run

    def _on_finished(self, status: int, t: float):
        if status == EARLY:
            return  # the superseding run answers
        frags = set(self.run_fragments)
        full = not frags
        keep = []
        for op in self.pending:
            if full or op.fragment in frags:
                # a full run also answers every fragment request before it
                op.first = self._first or t
                op.end, op.bytes, op.msgs = t, self._acc[0], self._acc[1]
                err = self._run_error or ("compile error" if status == COMPILE_ERROR else "")
                self._finish(op, err)
            else:
                keep.append(op)
        self.pending = keep
        self._acc = [0, 0]
        for p, w in list(self.widgets.items()):  # what clearStaleNodes does
            if w[2] != self.run_id and (full or w[3] in frags):
                del self.widgets[p]
        if full:
            live = {w[1].id for w in self.widgets.values()}
            for wid in [k for k in self.states if k not in live]:
                del self.states[wid]
        self.cache_run += 1
        for h, (run, frag) in list(self.cache.items()):
            if frags and frag not in frags:
                continue
            if self.cache_run - run > self.cache_age:
                del self.cache[h]

    def _finish(self, op: Op, error: str):
        op.error = op.error or error
        if not op.end:
            op.end = now()
        op.done.set()
        if self.on_op:
            self.on_op(self, op)

    async def close(self):
        self.closed = True
        self._stop_timers()
        if self.ws is not None:
            await self.ws.close()
        if self._reader:
            self._reader.cancel()
