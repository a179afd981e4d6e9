"""The import itself with its progress, and what came of it."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from domain import access
from domain.access import Actor
from domain.errors import Refused
from files.export import write_error_sheet
from files.importer import Run
from pages._import_state import Job, Result, State
from ui.text import escape_md

_AT_ONCE = threading.BoundedSemaphore(2)  # more would only slow everybody's pages down


# in a dialog: on the page it would stand above what was there before, out of sight
@st.dialog("正在导入", dismissible=False)
def go(state: State, actor: Actor, job: Job) -> None:
    """Run the import to its end. Whatever breaks it off, the next run of the page goes on with it."""
    bar = st.progress(0.0, text="请不要关闭本页…")

    def progress(done: int, of_all: int) -> None:
        bar.progress(min(done / of_all, 1.0), text=f"已处理 {done:,} / {of_all:,} 行")

    run = Run(job.parsed, actor, job.community, job.source, job.now, progress, batch_id=job.batch_id)
    sheet, parted, bad = io.BytesIO(), "", 0
    with _turn():
        try:
            job.batch_id = run.start()
            bad = write_error_sheet(sheet, labels=job.parsed.labels, rows=run.bad_rows(), filename=job.parsed.filename)
        except Refused as refused:
            parted = refused.message
    state.anew()
    state.result = Result(run.counts, job.parsed.filename, sheet.getvalue() if bad else b"", parted)
    st.rerun()


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(blocking=False):
        st.caption("前面还有导入在进行，轮到后自动开始…")
        _AT_ONCE.acquire()
    try:
        yield
    finally:
        _AT_ONCE.release()


def show(state: State, actor: Actor, result: Result) -> None:
    if result.parted:
        st.error(escape_md(f"导入没有做完：{result.parted}再导入一次就会接着做，已导入的不会重复。"))
    else:
        st.success(escape_md(f"「{result.file_name}」导入完成：{result.counts}。"), icon=":material/check_circle:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if result.error_sheet:
            st.download_button(
                "下载未导入的行",
                result.error_sheet,
                file_name=f"{Path(result.file_name).stem}_未导入.xlsx",
                icon=":material/download:",
                on_click="ignore",
            )
        if access.has(actor, "tickets.board"):
            st.page_link("tickets.py", label="去看板看看", icon=":material/view_kanban:")
        st.button("再导入一个文件", icon=":material/upload_file:", on_click=state.anew)
    st.caption("看板列出在办的和最近 14 天办结的；更早的历史可在看板的“导出”里勾选“含全部历史”取出。")
