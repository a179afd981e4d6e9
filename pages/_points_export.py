"""导出 of the points page: read at the click, as whoever clicks then, and put on record."""

import io
import re
from collections.abc import Callable, Iterable, Sequence

import streamlit as st

import db
from db import points_desk, sessions
from domain import clock
from domain.access import ROLE_LABELS, Actor
from domain.areas import Area
from domain.clock import local, local_date
from domain.errors import NotAllowed
from files.export import write_csv, write_xlsx
from files.tickets_out import FORMS
from pages import _session
from pages._export import KIND, WORDS

Columns = Sequence[tuple[str, float]]
Rows = Callable[[Actor], Iterable[Sequence[object]]]


def offer(who: Actor, here: Area, what: str, columns: Columns, rows: Rows, *, note: str = "") -> None:
    """Offer a table of this page as a file; names in it are masked as on the screen."""
    if who.read_only:
        return
    with st.popover("导出", icon=":material/download:"):
        form = st.segmented_control(
            "格式", FORMS, default="xlsx", required=True, format_func=WORDS.__getitem__, key=f"form-{what}"
        )
        st.caption("姓名按屏幕上的样子打码；导出会留痕。")
        where = re.sub(r"[\\/:*?\"<>|\s]+", "", here.name)
        st.download_button(
            "下载",
            maker(str(form), here, what, columns, rows, note),
            file_name=f"{what}_{where}_{local_date(clock.now())}.{form}",
            mime=KIND[str(form)],
            icon=":material/download:",
            key=f"download-{what}",
            on_click="ignore",
        )


def maker(form: str, here: Area, what: str, columns: Columns, rows: Rows, note: str) -> Callable[[], bytes]:
    """Make what runs at the click, outside the page: who it is is asked again then."""
    token = _session.token()

    def make() -> bytes:
        now = clock.now()
        actor = sessions.identify(token, now=now, active=True)
        if actor is None:
            raise NotAllowed("登录已结束，请重新登录。")
        buffer = io.BytesIO()
        if form == "csv":
            count = write_csv(buffer, headers=[header for header, _ in columns], rows=rows(actor))
        else:
            said = _title(actor, here, what, note, f"{local(now):%Y-%m-%d %H:%M}")
            count = write_xlsx(buffer, columns=columns, rows=rows(actor), title_note=said, sheet_name=what)
        db.run(points_desk.note_export, actor=actor, community_id=here.id, rows=count, now=now)
        return buffer.getvalue()

    return make


def _title(actor: Actor, here: Area, what: str, note: str, at: str) -> str:
    role = ROLE_LABELS[actor.main_role] if actor.main_role else ""
    who = f"导出人：{actor.name} {role}".rstrip()
    return "\n".join(filter(None, (f"邻里一屏 {what} {here.name}", f"导出时间：{at}（北京时间）", who, note)))
