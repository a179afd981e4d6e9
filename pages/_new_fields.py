"""The fields of a new ticket: four that are asked, the rest with sensible defaults; a volunteer's are fewer."""

from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from db.categories import Category
from domain.access import Role
from domain.areas import Area, Level
from domain.due import GRADE_LABELS, MATTER_LABELS, Grade, Matter
from domain.tickets import ADDRESS_MAX, KIND_LABELS, TITLE_MAX, Channel, Kind
from pages import _new_channel
from pages._fields import area_words

LIVE = "500ms"  # what is typed is kept within a second, also if nobody leaves the field
KEPT = "kept-texts-{}"
KINDS = (Kind.REPORT, Kind.SERVICE, Kind.HAZARD)

Held: TypeAlias = Mapping[UUID, Area]
Kinds: TypeAlias = Mapping[UUID, Category]


def four(key: str, held: Held, kinds: Kinds) -> dict[str, Any]:
    left, right = st.columns(2)
    name, phone = _name(left, key), _phone(right, key)
    title = _title(key)
    left, right = st.columns(2)
    address = _address(left, key)
    area = _area(right, key, held)
    category = st.selectbox(
        "类别",
        list(kinds),
        None,
        format_func=lambda i: kinds[i].label,
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


def volunteers(key: str, held: Held, own: tuple[str, str]) -> dict[str, Any]:
    """Ask a volunteer what, where and a word more; who they are is filled in."""
    for field, value in zip(("name", "phone"), own, strict=True):
        st.session_state.setdefault(KEPT.format(key), {}).setdefault(field, value)
    title, address = _title(key), _address(st.container(), key)
    several = sum(a.level is Level.COMMUNITY for a in held.values()) > 1
    area = _area(st.container(), key, held) if several else next(iter(held))
    description = _description("说明（可不填）", key, height=90)
    left, right = st.columns(2)
    return {
        "title": title,
        "address": address,
        "area_id": area,
        "category_id": None,
        "description": description,
        "reporter_name": _name(left, key),
        "reporter_phone": _phone(right, key),
        "kind": Kind.REPORT,
        "grade": None,
        "channel": Channel.OTHER,
    }


def _name(place: DeltaGenerator, key: str) -> str:
    return _text(place, "name", "谁反映的", key, hint="姓名或称呼", most=40)


def _phone(place: DeltaGenerator, key: str) -> str:
    return _text(place, "phone", "电话", key, hint="手机或座机", most=20)


def _title(key: str) -> str:
    return _text(st.container(), "title", "什么事", key, hint="一句话，例如 楼道灯不亮", most=TITLE_MAX)


def _address(place: DeltaGenerator, key: str) -> str:
    return _text(place, "address", "在哪里", key, hint="例如 3号楼2单元，会归到那一栋", most=ADDRESS_MAX)


def _text(place: DeltaGenerator, field: str, label: str, key: str, *, hint: str, most: int) -> str:
    name, value = f"{field}-{key}", _kept(key, field)
    return place.text_input(label, value, placeholder=hint, key=name, max_chars=most, live=LIVE) or ""


def _description(label: str, key: str, **look: Any) -> str:
    return st.text_area(label, _kept(key, "description"), key=f"description-{key}", **look) or ""


def _kept(key: str, field: str) -> str:
    """Give what the draft holds: as the field's beginning, so that it yields to what the browser holds."""
    return str(st.session_state.get(KEPT.format(key), {}).get(field, ""))


def _area(place: DeltaGenerator, key: str, held: Held) -> UUID | None:
    start = next((i for i, a in enumerate(held.values()) if a.level is Level.COMMUNITY), 0)
    return place.selectbox(
        "辖区",
        list(held),
        0 if f"area-{key}" in st.session_state else start,  # a default beside a value is warned of
        format_func=lambda i: area_words(held[i], held),
        placeholder="选择辖区",
        key=f"area-{key}",
    )


def folded(key: str, role: Role | None) -> dict[str, Any]:
    channel = _new_channel.choose(key, role)
    left, right = st.columns(2)
    st.session_state.setdefault(f"kind-{key}", Kind.REPORT)
    kind = left.pills("类型", KINDS, format_func=KIND_LABELS.__getitem__, required=True, key=f"kind-{key}")
    grade = right.pills("紧急程度", list(Grade), format_func=GRADE_LABELS.__getitem__, key=f"grade-{key}")
    right.caption("不选则按内容判断：困人、起火等是特急")
    with st.expander("更多（大小事、其他来源、详细情况）"):
        matter = st.pills("大小事", list(Matter), format_func=MATTER_LABELS.__getitem__, key=f"matter-{key}")
        st.caption("不选则按类别：小事和私事当天办结")
        _new_channel.rare(key)
        description = _description("详细情况", key)
        offered = st.checkbox("志愿者可以认领（服务点单总是可以）", key=f"open-{key}")
    return {
        "kind": kind,
        "grade": grade,
        "matter": matter,
        "channel": channel,
        "description": description,
        "open_to_volunteers": True if offered else None,
    }
