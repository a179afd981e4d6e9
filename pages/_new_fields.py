"""The fields of a new ticket: four that are asked, the rest with sensible defaults."""

from typing import Any
from uuid import UUID

import streamlit as st

from db.categories import Category
from domain.areas import Area, Level
from domain.due import GRADE_LABELS, MATTER_LABELS, Grade, Matter
from domain.tickets import ADDRESS_MAX, CHANNEL_LABELS, KIND_LABELS, TITLE_MAX, Channel, Kind
from pages._fields import area_words
from ui.text import escape_md

_KINDS = (Kind.REPORT, Kind.SERVICE, Kind.HAZARD)
_CHANNELS = [c for c in Channel if c is not Channel.SYSTEM]


TYPED = ("name", "phone", "title", "address", "description")


def four(key: str, held: dict[UUID, Area], kinds: dict[UUID, Category]) -> dict[str, Any]:
    left, right = st.columns(2)
    name = left.text_input("谁反映的", placeholder="姓名或称呼", key=f"name-{key}", max_chars=40)
    phone = right.text_input("电话", placeholder="手机或座机", key=f"phone-{key}", max_chars=20)
    title = st.text_input("什么事", placeholder="一句话，例如 楼道灯不亮", key=f"title-{key}", max_chars=TITLE_MAX)
    left, right = st.columns(2)
    address = left.text_input("在哪里", placeholder="例如 3号楼2单元", key=f"address-{key}", max_chars=ADDRESS_MAX)
    start = next((i for i, a in enumerate(held.values()) if a.level is Level.COMMUNITY), 0)
    area = right.selectbox(
        "辖区",
        list(held),
        start,
        format_func=lambda i: area_words(held[i], held),
        placeholder="选择辖区",
        key=f"area-{key}",
        help="选社区即可：地点里写了几号楼，会归到那一栋。",
    )
    category = st.selectbox(
        "类别",
        list(kinds),
        None,
        format_func=lambda i: escape_md(kinds[i].label),
        placeholder="不选则按内容判断，可输入查找",
        key=f"category-{key}",
    )
    return {
        "reporter_name": name,
        "reporter_phone": phone,
        "title": title,
        "address": address,
        "area_id": area,
        "category_id": category,
    }


def folded(key: str) -> dict[str, Any]:
    kind = st.pills(
        "类型", _KINDS, default=Kind.REPORT, format_func=KIND_LABELS.__getitem__, required=True, key=f"kind-{key}"
    )
    grade = st.pills(
        "紧急程度",
        list(Grade),
        format_func=GRADE_LABELS.__getitem__,
        key=f"grade-{key}",
        help="不选则按内容判断：困人、起火、燃气泄漏一类是特急，其余是一般。",
    )
    with st.expander("更多（大小事、来源、详细情况）"):
        matter = st.pills(
            "大小事",
            list(Matter),
            format_func=MATTER_LABELS.__getitem__,
            key=f"matter-{key}",
            help="不选则按类别：小事和私事当天办结。",
        )
        channel = st.selectbox(
            "来源渠道", _CHANNELS, format_func=CHANNEL_LABELS.__getitem__, placeholder="选择来源", key=f"channel-{key}"
        )
        description = st.text_area("详细情况", key=f"description-{key}")
        offered = st.checkbox("志愿者可以认领", key=f"open-{key}", help="服务点单总是可以认领。")
    return {
        "kind": kind,
        "grade": grade,
        "matter": matter,
        "channel": channel,
        "description": description,
        "open_to_volunteers": True if offered else None,
    }
