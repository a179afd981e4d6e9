"""Choosing a file, and what was understood of it: sheets, header, which column is what."""

import streamlit as st

import db
from db import import_batches
from domain.access import Actor
from domain.errors import Refused
from files.importer import open_file
from files.mapping import EXTRA, FIELDS, LABELS
from files.parse import Parsed, UnknownHeader
from files.rows import one_line
from pages._import_state import Held, State
from ui.text import escape_md

_SAMPLE = 28
KEPT_AS_IT_IS = "不对应（原样保留）"


def choose(state: State) -> Held | None:
    """Offer the uploader; open what was chosen once."""
    file = st.file_uploader(
        "选择 Excel 或 CSV 文件",
        key=f"import-file-{state.round_no}",
        help="XLSX、XLS、CSV 都可以，列名不限；最大 60 MB。",
    )
    if file is None:
        state.held = state.checked = None
    elif state.held is None or state.held.file_id != file.file_id:
        state.held = Held(file.file_id)
        with st.spinner("正在读取…"):
            _open(state.held, file.getvalue(), file.name)
    elif state.held.parsed is None and _names_a_text(state.held.by_hand):
        _open(state.held, file.getvalue(), file.name)
    return state.held


def source_name(actor: Actor) -> str:
    """Ask what the rows come from; with it and their number they are known again."""
    earlier = db.read(import_batches.sources, actor=actor)
    st.text_input(
        "来源名称",
        key="import-source",
        max_chars=40,
        placeholder="例如：留言板、12345热线、物业台账",
        help="同一来源里编号相同的是同一条：再次导入只更新变化的，不会重复。",
        width=420,
    )
    if earlier:
        st.pills("用过的来源", earlier, key="import-earlier", on_change=_take_earlier, label_visibility="collapsed")
    return str(st.session_state["import-source"]).strip()


def _take_earlier() -> None:
    st.session_state["import-source"] = st.session_state["import-earlier"] or ""


def _names_a_text(by_hand: dict[str, str]) -> bool:
    return bool({"title", "description"} & set(by_hand.values()))


def _open(held: Held, data: bytes, name: str) -> None:
    held.trouble = ""
    try:
        held.parsed = open_file(data, filename=name, overrides=held.by_hand)
    except UnknownHeader as refused:
        held.headers, held.trouble = refused.candidates, refused.message
    except Refused as refused:
        held.trouble = refused.message
    else:
        held.samples = _samples(held.parsed)


def _samples(parsed: Parsed) -> dict[str, str]:
    rows = parsed.preview()
    found = {}
    for column in parsed.mapping.columns:
        cells = (row.cells[column.index] for row in rows if column.index < len(row.cells))
        found[column.header] = next((text for cell in cells if (text := one_line(cell))), "")[:_SAMPLE]
    return found


def understood(held: Held, source: str) -> Parsed | None:
    """Say what was understood and let it be corrected; None while it can't go in."""
    if held.trouble:
        st.error(escape_md(held.trouble), icon=":material/info:")
    if held.parsed is None:
        if held.headers:
            _columns(held, dict.fromkeys(held.headers, EXTRA), open_=True)
        return None
    kept = db.read(import_batches.mapping_of, source) if source else {}
    try:
        parsed = held.parsed.remapped(held.by_hand, kept)
    except Refused as refused:
        st.error(escape_md(refused.message), icon=":material/info:")
        _columns(held, _now(held.parsed) | held.by_hand, open_=True)
        return None
    _tell(parsed)
    _columns(held, _now(parsed), open_=False)
    return parsed


def _now(parsed: Parsed) -> dict[str, str]:
    return parsed.mapping.chosen()


def _tell(parsed: Parsed) -> None:
    sheets = "、".join(f"「{used.sheet.name}」（表头在第 {used.header.data_from} 行）" for used in parsed.used)
    st.write(escape_md(f"读取 {sheets}，最多 {parsed.about:,} 行。"))
    if parsed.left_out:
        left = "；".join(f"「{one.sheet}」：{one.reason}" for one in parsed.left_out)
        st.caption(escape_md(f"未读取的工作表 {left}"))


def _columns(held: Held, targets: dict[str, str], *, open_: bool) -> None:
    """Draw one select a column, with a sample of what is in it."""
    known = [LABELS[target] for target in targets.values() if target != EXTRA]
    rest = len(targets) - len(known)
    label = f"各列对应：认出 {len(known)} 列" + (f"，另 {rest} 列原样保留" if rest else "")
    with st.expander(label, expanded=open_, icon=":material/table_view:"):
        st.caption("不对的可以改；同一来源下次会记得。")
        for place, (header, target) in enumerate(targets.items()):
            _column(held, targets, place, header, target)


def _column(held: Held, targets: dict[str, str], place: int, header: str, target: str) -> None:
    key = f"import-column-{held.file_id}-{place}"
    st.session_state[key] = target
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        sample = held.samples.get(header, "")
        st.markdown(f"**{escape_md(header)}**  \n:gray[{escape_md(sample) or '（前几行是空的）'}]", width=260)
        st.selectbox(
            f"「{escape_md(header)}」对应到",
            [EXTRA, *FIELDS],
            format_func=lambda field: LABELS.get(field, KEPT_AS_IT_IS),
            key=key,
            label_visibility="collapsed",
            on_change=_changed,
            args=(held, targets, header, key),
            width=220,
        )


def _changed(held: Held, targets: dict[str, str], header: str, key: str) -> None:
    """Keep the choice; a field has one column, so the one that had it gives it up."""
    target = st.session_state[key]
    for other, had in targets.items():
        if had == target != EXTRA:
            held.by_hand[other] = EXTRA
    held.by_hand[header] = target
