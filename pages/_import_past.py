"""Past imports, and taking one back."""

from uuid import UUID

import streamlit as st

import db
from db import import_batches
from db.import_batches import Batch, Outlook
from domain import clock
from domain.access import Actor
from domain.errors import Refused
from files import importer
from pages import _form
from pages._import_state import state
from ui.text import escape_md, when

_CHOSEN = "import-undoing"


def show(actor: Actor) -> None:
    found = db.read(import_batches.batches, actor=actor)
    st.markdown("##### 导入记录")
    if not found:
        st.caption("还没有导入过。")
    for batch in found:
        _line(batch)
    chosen = st.session_state.get(_CHOSEN)
    for batch in found:
        if batch.id == chosen:
            _confirm(actor, batch)


def _line(batch: Batch) -> None:
    now = clock.now()
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        head = f"{when(batch.started_at, now)} · {batch.source} · {batch.file_name}"
        st.markdown(f"{escape_md(head)}  \n:gray[{escape_md(str(batch.counts) + _ending(batch))}]")
        if batch.undone_at is None and batch.counts.created + batch.counts.changed:
            st.space("stretch")
            st.button(
                "撤销本次导入",
                key=f"undo-{batch.id}",
                icon=":material/undo:",
                type="tertiary",
                on_click=_choose,
                args=(batch.id,),
            )


def _ending(batch: Batch) -> str:
    if batch.undone_at:
        return f"，已于{when(batch.undone_at, clock.now())}撤销"
    return "，未做完（再导入同一文件会接着做）" if batch.status == "running" else ""


def _choose(batch_id: UUID) -> None:
    st.session_state[_CHOSEN] = batch_id


def _forget() -> None:
    st.session_state.pop(_CHOSEN, None)


@st.dialog("撤销本次导入", on_dismiss=_forget)
def _confirm(actor: Actor, batch: Batch) -> None:
    """Say what goes and what stays, then take the batch back."""
    try:
        st.write(escape_md(f"「{batch.file_name}」（来源：{batch.source}）"))
        st.write(_told(db.read(import_batches.outlook, actor=actor, batch_id=batch.id)))
        if st.button("撤销", type="primary", icon=":material/undo:"):
            _undo(actor, batch)
    except Refused as refused:
        st.error(escape_md(refused.message), icon=":material/info:")


def _told(outlook: Outlook) -> str:
    gone = f"{outlook.made:,} 张导入的工单将从看板、搜索、导出和统计中消失"
    back = f"，{outlook.restored:,} 张恢复到导入前的内容" if outlook.restored else ""
    stays = f"；{outlook.stays:,} 张之后有人办理过或又更新过，会原样保留" if outlook.stays else ""
    return f"{gone}{back}{stays}。以后再导入同一文件，可以恢复。"


def _undo(actor: Actor, batch: Batch) -> None:
    bar, whole = st.progress(0.0, text="正在撤销…"), max(batch.counts.created + batch.counts.changed, 1)

    def progress(done: int) -> None:
        bar.progress(min(done / whole, 1.0), text=f"已撤销 {done:,} 张")

    undone = importer.undo(actor=actor, batch_id=batch.id, now=clock.now(), progress=progress)
    left = f"，{undone.left:,} 张有人办理过，保留" if undone.left else ""
    _forget()
    state().result = None  # what it says is no longer so
    _form.done("import-undo", f"已撤销 {undone.taken:,} 张{left}。")
    st.rerun()
