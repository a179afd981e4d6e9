"""辖区: the forms to change an area and to add one or many below it."""

import streamlit as st

import db
from db import areas
from domain.access import Actor
from domain.areas import LEVEL_LABELS, PARENT_TO_CHILD, Area, Batch, Level
from domain.clock import now
from pages import _settings_form as form
from ui.text import escape_md

_EXAMPLES = {
    Level.COMMUNITY: "前进社区\n光明社区",
    Level.GRID: "一网格\n二网格",
    Level.BUILDING: "每行：名称 单元数 户数，后两项可不写，例如\n1号楼 4 60\n2号楼 3\n3号楼",
    Level.UNIT: "1单元\n2单元",
}
_FORMAT = "名称、单元数、户数之间用空格隔开。写了单元数，就同时建好 1单元、2单元……"
REST = "st_area_rest"  # the lines of a batch that were refused, to be corrected and sent again


def edit(who: Actor, area: Area) -> None:
    draft = form.draft("area.change", area.id, area.version)
    with st.form(draft.of("form")):
        name, code, households = _fields(draft, area)
        if draft.submit("保存"):
            form.attempt(
                draft,
                lambda: db.run(
                    areas.change,
                    actor=who,
                    area_id=area.id,
                    name=name,
                    code=code,
                    households=households,
                    expected_version=draft.version,
                    now=now(),
                ),
                done="已保存。",
            )


def _fields(draft: form.Draft, area: Area | None) -> tuple[str, str, int | None]:
    name = st.text_input("名称", area.name if area else "", key=draft.of("name"))
    code = st.text_input("编码", area.code if area else "", key=draft.of("code"), placeholder="可不填，导入时按它对应")
    households = st.number_input(
        "户数",
        min_value=0,
        value=area.households if area else None,
        step=1,
        key=draft.of("households"),
        placeholder="可不填",
    )
    return name, code, households


def add(who: Actor, parent: Area | None) -> None:
    level = PARENT_TO_CHILD[parent.level] if parent else Level.STREET
    draft = form.draft("area.create" if parent else "street.create", parent and parent.id)
    with st.form(draft.of("add"), border=False):
        name, code, households = _fields(draft, None)
        if draft.submit("添加"):
            form.attempt(
                draft,
                lambda: db.run(
                    areas.create,
                    actor=who,
                    level=level,
                    name=name,
                    parent_id=parent.id if parent else None,
                    code=code,
                    households=households,
                    key=draft.key,
                    now=now(),
                ),
                done=f"已添加{LEVEL_LABELS[level]}“{name.strip()}”。",
            )


def add_many(who: Actor, parent: Area, below: Level) -> None:
    draft = form.draft("area.batch", parent.id)
    rest = "\n".join(line for _, line, _ in _refused(parent))
    with st.form(draft.of("batch"), border=False):
        text = st.text_area(
            f"每行一个{LEVEL_LABELS[below]}的名称",
            rest,
            key=draft.of("lines"),
            placeholder=_EXAMPLES.get(below, "第一个\n第二个"),
            help=_FORMAT if below is Level.BUILDING else None,
            height=160,
        )
        if draft.submit("全部添加"):
            form.attempt(draft, lambda: _run_batch(who, parent, text, draft.key), done=_told)


def _run_batch(who: Actor, parent: Area, text: str, key: str) -> Batch:
    batch = db.run(areas.create_many, actor=who, parent_id=parent.id, text=text, key=key, now=now())
    st.session_state[REST] = (parent.id, batch.refused)
    return batch


def _told(batch: Batch) -> str:
    left = f"，{len(batch.refused)} 行没有添加" if batch.refused else ""
    units = f"，连同 {batch.units} 个单元" if batch.units else ""
    return f"已添加 {batch.made} 个{units}{left}。"


def _refused(parent: Area) -> tuple[tuple[int, str, str], ...]:
    held, refused = st.session_state.get(REST, (None, ()))
    return refused if held == parent.id else ()


def show_refused(parent: Area) -> None:
    """Name each line of the last batch that was not added, and why."""
    if refused := _refused(parent):
        lines = [f"- 第 {n} 行“{escape_md(line)}”：{escape_md(why)}" for n, line, why in refused]
        st.warning("\n".join(["这几行没有添加，请改好再提交：", *lines]))
