"""A ticket's recorded changes in words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.due import GRADE_LABELS, MATTER_LABELS
from domain.tickets import KIND_LABELS, PHOTO_STAGE_LABELS
from ui.text import due_words

_TEXTS = {"title": "事项", "address": "地点", "reporter_id": "反映人"}
_IDS = {"handler_id": "处理人", "category_id": "类别", "area_id": "辖区"}
_ENUMS: dict[str, tuple[str, Mapping[Any, str]]] = {
    "grade": ("紧急程度", GRADE_LABELS),
    "matter": ("大小事", MATTER_LABELS),
    "kind": ("类型", KIND_LABELS),
}


_PHOTOS = {f"photos_{stage}": label for stage, label in PHOTO_STAGE_LABELS.items()}


def ids_in(changes: Iterable[Mapping[str, Any]]) -> frozenset[UUID]:
    """List the ids whose names `words` will want."""
    pairs = (change.get(name) or () for change in changes for name in _IDS)
    return frozenset(UUID(value) for pair in pairs for value in pair if value)


def words(changes: Mapping[str, Any], names: Mapping[str, str], now: datetime) -> tuple[str, ...]:
    """Say each change that a reader cares about; old and new where both may be shown."""
    return tuple(filter(None, (_word(name, pair, names, now) for name, pair in changes.items())))


def _word(name: str, pair: list[Any] | None, names: Mapping[str, str], now: datetime) -> str:
    if pair is None:
        return f"{_TEXTS[name]}已修改" if name in _TEXTS else ""
    if name in _IDS:
        return _changed(_IDS[name], pair, lambda value: names.get(value, "已删除"))
    if name in _ENUMS:
        label, labels = _ENUMS[name]
        return _changed(label, pair, lambda value: labels.get(value, str(value)))
    if name in _PHOTOS:  # the ids that went, and those that came
        went, came = pair
        return f"{_PHOTOS[name]}：添加 {len(came)} 张" if came else f"{_PHOTOS[name]}：删除 {len(went)} 张"
    if name == "due_at":
        return _changed("时限", pair, lambda value: due_words(datetime.fromisoformat(value), now))
    if name == "single_duty":
        return "单人值班：处理和回访是同一人" if pair[1] else ""
    if name == "open_to_volunteers":
        return "开放给志愿者" if pair[1] else "不再开放给志愿者"
    return ""


def _changed(label: str, pair: list[Any], said: Callable[[Any], str]) -> str:
    old, new = (said(value) if value else "" for value in pair)
    return f"{label}：{old} → {new or '无'}" if old else f"{label}：{new}"
