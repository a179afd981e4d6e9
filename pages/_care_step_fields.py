"""What each step of an incident asks for."""

from typing import Any

import streamlit as st

from domain.incidents import CALLED_LABELS, FOUND_LABELS, METHOD_LABELS, Called, Found, Method

_ETAS = (5, 10, 15, 20, 30, 45, 60)
Values = dict[str, Any]


def eta(key: str) -> Values:
    minutes = st.segmented_control(
        "几分钟能到",
        _ETAS,
        default=15,
        required=True,
        format_func=lambda m: f"{m} 分钟",
        key=f"eta-{key}",
        wrap=True,
    )
    return {"eta_minutes": minutes}


def called(key: str) -> Values:
    whom = st.segmented_control(
        "打给谁",
        list(Called),
        default=Called.ELDER,
        required=True,
        format_func=CALLED_LABELS.__getitem__,
        key=f"whom-{key}",
        wrap=True,
    )
    reached = st.segmented_control(
        "结果", [True, False], format_func=lambda ok: "接通了" if ok else "没有接通", key=f"reached-{key}"
    )
    note = st.text_area("说了什么（可不填）", key=f"note-{key}", height=80)
    return {"whom": whom, "reached": reached, "note": note}


def note(key: str) -> Values:
    return {"note": st.text_area("内容", key=f"note-{key}", height=90)}


def resolve(key: str) -> Values:
    found = st.segmented_control(
        "老人怎么样", list(Found), format_func=FOUND_LABELS.__getitem__, key=f"found-{key}", wrap=True
    )
    method = st.segmented_control(
        "怎么知道的", list(Method), format_func=METHOD_LABELS.__getitem__, key=f"method-{key}", wrap=True
    )
    note = st.text_area("补充（可不填；暂未联系上时请写明谁跟进）", key=f"note-{key}", height=80)
    return {"found": found, "method": method, "note": note}


def nothing(_key: str) -> Values:
    return {}
