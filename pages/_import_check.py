"""Before anything is written: the first rows as they would go in, and a rehearsal that counts."""

from itertools import islice

import pandas as pd
import streamlit as st

from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.clock import local
from domain.errors import Refused
from domain.tickets import STATUS_LABELS
from files.importer import Rehearsal
from files.parse import BadRow, GoodRow, Parsed, RowProblem
from pages._import_state import Checked, State
from ui.text import escape_md

SHOWN = 20
AT_ONCE = 3_000  # rows that are rehearsed without being asked


def preview(parsed: Parsed) -> None:
    """Show the first rows as tickets, the bad ones with their reason."""
    rows = parsed.preview(SHOWN)
    st.markdown(f"**预览前 {len(rows)} 行**")
    table = pd.DataFrame([_line(row) for row in rows]).fillna("")
    filled = [name for name in table if (table[name] != "").any()]
    st.dataframe(table[filled], hide_index=True, height="content", alt="导入预览")


def _line(row: GoodRow | BadRow) -> dict[str, str]:
    if isinstance(row, BadRow):
        return {"行": str(row.row), "会怎样": "不导入", "说明": "；".join(map(_reason, row.problems))}
    value = row.value
    return {
        "行": str(row.row),
        "会怎样": "导入",
        "编号": value.external_id or "",
        "标题": value.title,
        "上报时间": f"{local(value.reported_at):%Y-%m-%d %H:%M}" if value.reported_at else "",
        "状态": STATUS_LABELS[value.status],
        "类别": " / ".join(filter(None, (value.category, value.subcategory))),
        "地点": value.address or "",
        "处理人": value.handler or "",
    }


def _reason(problem: RowProblem) -> str:
    where = f"{problem.column} 列「{problem.header}」：" if problem.column else ""
    return where + problem.reason


def counts(state: State, actor: Actor, parsed: Parsed, community: Area, source: str) -> None:
    """Rehearse the import and say what would come of it; a large file only when asked."""
    question = (parsed.filename, id(state.held), tuple(parsed.mapping.chosen().items()), community.id, source)
    if state.checked is None or state.checked.question != question:
        label = f"核对全部 {parsed.about:,} 行（不写入）"
        if parsed.about > AT_ONCE and not st.button(label, icon=":material/fact_check:"):
            st.caption("行数较多，可以先核对一遍，也可以直接导入。")
            return
        state.checked = _rehearse(actor, parsed, community, source, question)
    if state.checked:
        _tell(state.checked)


def _rehearse(
    actor: Actor, parsed: Parsed, community: Area, source: str, question: tuple[object, ...]
) -> Checked | None:
    bar = st.progress(0.0, text="正在核对…")

    def progress(done: int, of_all: int) -> None:
        bar.progress(min(done / of_all, 1.0), text=f"已核对 {done:,} / {of_all:,} 行")

    rehearsal = Rehearsal(parsed, actor, community, source, clock.now(), progress)
    problems: list[RowProblem] = []
    try:
        bad = rehearsal.bad_rows()
        problems += [problem for row in islice(bad, SHOWN) for problem in row.problems]
        for _ in bad:
            pass  # the rest only counts
    except Refused as refused:
        st.error(escape_md(refused.message), icon=":material/info:")
        return None
    finally:
        bar.empty()
    return Checked(question, rehearsal.counts, tuple(problems), dict(parsed.skipped))


def _tell(checked: Checked) -> None:
    told = checked.counts
    words = f"将新增 {told.created:,}，更新 {told.changed:,}，未变 {told.unchanged:,}，不导入 {told.refused:,}。"
    if checked.skipped:
        words += "跳过不是数据的行：" + "、".join(f"{kind} {n:,}" for kind, n in checked.skipped.items()) + "。"
    (st.warning if told.refused else st.info)(escape_md(words), icon=":material/fact_check:")
    if checked.problems:
        lines = [
            {"行": str(p.row), "列": f"{p.column} {p.header}".strip(), "原值": p.value_shown, "原因": p.reason}
            for p in checked.problems
        ]
        st.markdown("**不导入的行**（其余照常导入；导入后可下载这些行，改好再导）")
        st.dataframe(pd.DataFrame(lines), hide_index=True, height="content", alt="不导入的行和原因")
