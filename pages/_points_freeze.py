"""暂停使用: an account earns and does not spend, for a reason, until somebody lets it spend again."""

from typing import Any

import streamlit as st

import db
from db import points
from db.points import Balance
from domain import clock
from domain.access import Actor
from domain.points import FREEZE_REASON_LABELS, FreezeReason
from pages import _settings_form as form


def show(who: Actor, held: Balance) -> None:
    draft = form.draft("points.freeze", (held.person_id, held.frozen))
    with st.popover("恢复使用" if held.frozen else "暂停使用", key=draft.of("open")):
        reason = None if held.frozen else _reason(draft)
        if held.frozen:
            st.write("恢复以后，本人又可以兑换。")
        draft.place = st.empty()
        if st.button("确定恢复" if held.frozen else "确定暂停", key=draft.of("act")):
            if not held.frozen and reason is None:
                draft.refuse("请先选一个原因，本人来问时要能说清楚。")
            else:
                _act(who, held, draft, reason)


def _reason(draft: form.Draft) -> FreezeReason | None:
    st.write("暂停后照常得分，不能兑换和领取；随时可以恢复。")
    return st.radio(
        "原因",
        list(FreezeReason),
        index=None,
        format_func=FREEZE_REASON_LABELS.__getitem__,
        key=draft.of("reason"),
    )


def _act(who: Actor, held: Balance, draft: form.Draft, reason: FreezeReason | None) -> None:
    call: dict[str, Any] = {"person_id": held.person_id, "frozen": not held.frozen, "reason": reason}
    form.attempt(
        draft,
        lambda: db.run(points.freeze, actor=who, **call, key=draft.key, now=clock.now()),
        done="已恢复使用。" if held.frozen else "已暂停使用，原因已记录。",
    )
