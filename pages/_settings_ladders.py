"""逐级通知: who is asked after how many minutes, by what an alarm is about; said in words before it is kept."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

import db
from db import areas, ladders
from domain import clock
from domain.access import Actor
from domain.areas import UNSORTED_COMMUNITY, Area
from domain.errors import Invalid
from domain.incidents import CAUSE_LABELS, WHO_LABELS, Cause, Who
from domain.ladder import LATEST_MINUTES, LONGEST_ETA, MOST_STEPS, TEXT_MAX, Step, checked, words, written
from pages import _settings_form as form
from ui.text import escape_md


def show(who: Actor, here: Area | None = None) -> None:
    here = here or _place(who)
    if here is None:
        return
    cause = st.segmented_control(
        "哪一种预警",
        list(Cause),
        default=Cause.CLOSED,
        required=True,
        format_func=CAUSE_LABELS.__getitem__,
        key="ladder-cause",
    )
    cause = cause or Cause.CLOSED
    steps, own = db.read(ladders.in_force, here.id, cause), cause in db.read(ladders.changed, here.id)
    draft = form.draft("ladder", (here.id, cause))
    left, right = st.columns([3, 2], gap="large")
    with left:
        typed = _form(who, here, cause, draft, steps)
    with right:
        _preview(typed)
        if own and not who.read_only:
            _reset(who, here, cause)


def _place(who: Actor) -> Area | None:
    held = {str(a.id): a for a in db.read(areas.communities, who) if a.id != UNSORTED_COMMUNITY}
    if not held:
        st.info("还没有社区，请先在“辖区”里添加。", icon=":material/info:")
        return None
    chosen = st.selectbox("社区", list(held), format_func=lambda i: held[i].name, key="ladder-place", width=260)
    return held[chosen]


def _form(who: Actor, here: Area, cause: Cause, draft: form.Draft, steps: Sequence[Step]) -> list[Step]:
    with st.form(draft.of("form")):
        asked: list[Step | None] = [*steps, None][:MOST_STEPS]
        typed = [one for n, step in enumerate(asked) if (one := _step(draft, n, step))]
        st.caption("不要哪一步，就把它的“通知谁”清空；最后一空行是再加一步。时间都从发现时算起。")
        with st.container(horizontal=True):
            st.form_submit_button("先看效果", key=draft.of("look"))
            wanted = not who.read_only and st.form_submit_button("保存", type="primary", key=draft.of("save"))
        draft.place = st.empty()
    if wanted:
        call: dict[str, Any] = {"community_id": here.id, "cause": cause, "steps": typed}
        act = lambda: db.run(ladders.change, actor=who, **call, now=clock.now())  # noqa: E731
        form.attempt(draft, act, done=f"已保存“{CAUSE_LABELS[cause]}”的逐级通知，以后新的预警照此通知。")
    return typed


def _step(draft: form.Draft, n: int, step: Step | None) -> Step | None:
    """Ask for one step; nobody to tell is no step."""
    no, key = f"第 {n + 1} 步", f"{n}-{draft.key}"
    after, whom, ack, text = st.columns([2, 5, 2, 5])
    minute = after.number_input(
        f"{no}：几分钟", 0, LATEST_MINUTES, int(step.after) if step else None, key=f"after-{key}"
    )
    asked: list[Who] = whom.multiselect(
        "通知谁",
        list(Who),
        step.who if step else (),
        format_func=WHO_LABELS.__getitem__,
        key=f"who-{key}",
        placeholder="",
    )
    answer = ack.number_input("几分钟内应答", 1, LONGEST_ETA, int(step.ack) if step else 5, key=f"ack-{key}")
    said = text.text_input("请他做什么", step.text if step else "", TEXT_MAX, key=f"text-{key}")
    return Step(minute or 0, tuple(asked), answer, said.strip()) if asked else None


def _preview(typed: Sequence[Step]) -> None:
    st.markdown("**这样通知**")
    try:
        steps = checked([written(step) for step in typed])
    except Invalid as wrong:
        st.warning(wrong.message, icon=":material/info:")
        return
    st.markdown("\n".join(f"{n}. {escape_md(line)}" for n, line in enumerate(words(steps), 1)))
    st.caption("有人接单就停下来等他。重点关注的老人各步时间减半，一般关注的加倍；正在处置的预警不受修改影响。")


def _reset(who: Actor, here: Area, cause: Cause) -> None:
    draft = form.draft("ladder.reset", (here.id, cause))
    why = f"“{CAUSE_LABELS[cause]}”改回系统原来的步骤，您改过的不再保留。"
    if form.confirmed(draft, "恢复系统默认", why, "恢复默认"):
        call: dict[str, Any] = {"community_id": here.id, "cause": cause, "steps": None}
        act = lambda: db.run(ladders.change, actor=who, **call, now=clock.now())  # noqa: E731
        form.attempt(draft, act, done="已恢复系统默认。", clear=())
