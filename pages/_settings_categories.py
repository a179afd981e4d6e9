"""类别: the two levels that tickets are sorted by."""

import streamlit as st

import db
from db import categories
from db.categories import Category
from domain.access import Actor
from domain.clock import now
from domain.due import MATTER_LABELS, Matter
from pages import _settings_form as form
from pages import _settings_table as table
from ui.text import escape_md

CHOSEN = "st_category"


def show(who: Actor) -> None:
    listed = db.read(categories.listed, with_inactive=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        query = table.search("类别", "按名称查找", "st_category_q")
        with st.popover("添加类别", icon=":material/add:"):
            _create(who, [c for c in listed if c.parent_id is None and c.active])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        found = [c for c in listed if table.matches(query, (c.label,))]
        empty = "没有符合的类别，请换个词。" if query else "还没有类别，请点“添加类别”。"
        table.show([_line(c) for c in found], [c.id for c in found], CHOSEN, empty=empty, alt="类别")
    with right:
        chosen = table.pick("类别", {c.id: c.label for c in listed}, CHOSEN)
        if chosen is None:
            st.caption(
                "选一个类别，就可以改名称、改大小事、停用或恢复。停用的类别不再出现在登记表里，以前的工单照样显示它。"
            )
        else:
            _change(who, next(c for c in listed if c.id == chosen))


def _line(category: Category) -> dict[str, str]:
    return {
        "类别": ("　" if category.parent_id else "") + category.name,
        "通常按": MATTER_LABELS[category.matter] if category.matter else "",
        "状态": "在用" if category.active else "已停用",
    }


def _change(who: Actor, category: Category) -> None:
    draft = form.draft("category.change", category.id, category.version)
    st.markdown(f"**{escape_md(category.label)}**")
    with st.form(draft.of("change")):
        name = st.text_input("名称", category.name, key=draft.of("name"))
        matter = _matter(draft, category.matter)
        active = st.toggle("在用", category.active, key=draft.of("active"))
        if category.parent_id is None:
            st.caption("停用一级类别，它下面的二级类别也不再出现。")
        if draft.submit("保存"):
            form.attempt(
                draft,
                lambda: db.run(
                    categories.change,
                    actor=who,
                    category_id=category.id,
                    name=name,
                    matter=matter,
                    active=active,
                    expected_version=draft.version,
                    now=now(),
                ),
                done="已保存。",
            )


def _matter(draft: form.Draft, held: Matter | None) -> Matter | None:
    return st.selectbox(
        "通常按",
        list(Matter),
        list(Matter).index(held) if held else None,
        format_func=lambda m: MATTER_LABELS[m],
        key=draft.of("matter"),
        placeholder="不定，登记时再选",
        help="登记时先按它填，登记的人可以改；改了这里，已登记的工单不变。小事和私事当天办，私事只有经办人看得到内容。",
    )


def _create(who: Actor, tops: list[Category]) -> None:
    draft = form.draft("category.create")
    names = {c.id: c.name for c in tops}
    with st.form(draft.of("create"), border=False):
        parent = st.selectbox(
            "上级",
            list(names),
            index=None,
            format_func=lambda i: names[i],
            key=draft.of("parent"),
            placeholder="不选就是一级类别",
        )
        name = st.text_input("名称", key=draft.of("name"), placeholder="例如 楼道灯")
        matter = _matter(draft, Matter.SMALL)
        if draft.submit("添加"):
            form.attempt(
                draft,
                lambda: db.run(
                    categories.create, actor=who, name=name, parent_id=parent, matter=matter, key=draft.key, now=now()
                ),
                done=f"已添加类别“{name.strip()}”。",
            )
