"""代录巡看: a whole round that came in on paper or by telephone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import care_board, looks
from db.care_board import Stop
from db.observations import Seen
from domain import clock
from domain.access import Actor
from domain.care import OVER, SLOT_LABELS, WINDOW_LABELS, Slot, WindowState, sign_words
from domain.care_board import slot_now
from domain.clock import local_date
from pages import _care_filters
from pages import _settings_form as form
from pages._session import require

_WHO = "desk-who"
_SETTLED = OVER | {WindowState.SEEN_CLOSED}  # what a sheet that says nothing of it does not touch


def show() -> None:
    actor, now = require("care.look"), clock.now()
    slot = _care_filters.chosen().slot or slot_now(now)
    found = db.read(care_board.rounds, actor=actor, day=local_date(now), slot=slot)
    if not found:
        st.info(f"今天{SLOT_LABELS[slot]}没有巡看安排。", icon=":material/info:")
        return
    left = {who: [stop for stop in stops if stop.state not in _SETTLED] for who, (_, stops) in found.items()}
    who = st.selectbox(
        f"今天{SLOT_LABELS[slot]}谁巡看的",
        sorted(found, key=lambda who: (-len(left[who]), found[who][0])),
        index=None,
        placeholder="请选择",
        format_func=lambda i: f"{found[i][0]}（{len(found[i][1])} 户，{len(left[i])} 户还没结果）",
        key=_WHO,
    )
    if who is None:
        return
    st.caption("　".join(f"{stop.code} {WINDOW_LABELS[stop.state]}" for stop in found[who][1]))
    if left[who]:
        _round(actor, who, left[who], slot)
    else:
        st.info("这一轮都已经有结果，不用再录。", icon=":material/info:")


def _round(actor: Actor, who: UUID, left: Sequence[Stop], slot: Slot) -> None:
    """全部已拉开，除…: no elder can stand in both lists, and what opens alarms is told before it does."""
    draft = form.draft("care.desk", (who, slot))
    held = {stop.window_id: stop for stop in left}
    there = _there(left, slot)
    st.markdown(f"**还没结果的 {len(left)} 户全部{there}，除了：**")
    closed = _except("没看到平安信号的", "closed", "unclear", held, draft)
    unclear = _except("看不清的", "unclear", "closed", held, draft)
    st.caption("没看到平安信号的会马上发出预警；已经有结果的不会被改动。")
    if _meant(draft, held, closed, len(unclear), there):
        body: dict[str, Any] = {"looker_id": who, "day": local_date(clock.now()), "slot": slot}
        body |= {"closed": closed, "unclear": unclear}
        form.attempt(
            draft,
            lambda: db.run(looks.all_but, actor=actor, **body, key=draft.key, now=clock.now()),
            done=lambda seen: _done(seen, len(closed)),
            clear=(_WHO,),  # nobody is chosen any more: the same round is not saved once again
        )


def _except(label: str, name: str, other: str, held: dict[UUID, Stop], draft: form.Draft) -> list[UUID]:
    taken = st.session_state.get(draft.of(other), ())
    return st.multiselect(
        label,
        [window for window in held if window not in taken],
        format_func=lambda window: f"{held[window].code} {held[window].building}",
        placeholder="没有",
        select_all=False,
        key=draft.of(name),
    )


def _meant(draft: form.Draft, held: dict[UUID, Stop], closed: list[UUID], unclear: int, there: str) -> bool:
    """Ask to save; for alarms once more, naming whose."""
    label = "保存整轮巡看"
    if closed:
        codes = "、".join(held[window].code for window in closed)
        rest = len(held) - len(closed) - unclear
        told = f"将马上发出 {len(closed)} 户预警：{codes}。另有 {unclear} 户看不清，{rest} 户{there}。"
        return form.confirmed(draft, label, told, f"确认保存，发出 {len(closed)} 户预警")
    draft.place = st.empty()
    return st.button(label, type="primary", key=draft.of("save"))


def _done(seen: Sequence[Seen], closed: int) -> str:
    return f"已代录 {len(seen)} 户" + (f"，其中 {closed} 户已发出预警。" if closed else "。")


def _there(stops: Sequence[Stop], slot: Slot) -> str:
    signs = {stop.sign for stop in stops}
    return sign_words(next(iter(signs)), slot)[0] if len(signs) == 1 else "看到平安信号"
