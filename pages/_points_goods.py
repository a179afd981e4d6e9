"""商品: the catalogue with its stock; the office adds, changes, receives and writes off."""

from typing import Any

import streamlit as st

import db
from db import catalog
from db.catalog import Item
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.points import ITEM_KIND_LABELS, ItemKind
from pages import _points_words as words
from pages import _settings_form as form
from pages import _settings_table as table
from ui.text import escape_md

CHOSEN = "points_item"
_SHOWN = {"积分": words.POINTS, "剩余": words.COUNT, "待领": words.COUNT, "已领": words.COUNT}


def show(who: Actor, here: Area) -> None:
    listed = db.read(catalog.catalogue, actor=who, community_id=here.id, with_inactive=True)
    may = has(who, "points.stock", here.path)
    if may:
        with st.popover("添加商品或服务", icon=":material/add:"):
            _add(who, here)
    empty = "还没有可以换的。" + ("请点“添加商品或服务”，再进货。" if may else "请社区工作者先添加。")
    rows = [_row(one) for one in listed]
    if not may:
        table.plain(rows, empty=empty, alt="商品和服务", columns=_SHOWN)
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        table.show(
            rows, [one.id for one in listed], CHOSEN, empty=empty, alt="商品和服务，选中一行修改", columns=_SHOWN
        )
    with right:
        chosen = table.pick("商品", {one.id: one.name for one in listed}, CHOSEN)
        item = next((one for one in listed if one.id == chosen), None)
        if item is None:
            st.caption("选一样，就可以改价、进货、报损、下架。")
        else:
            _panel(who, item)


def _row(one: Item) -> dict[str, Any]:
    return {
        "名称": one.name,
        "类型": ITEM_KIND_LABELS[one.kind],
        "积分": words.tenths(one.price_tenths),
        "每月限": f"{one.month_limit} 份" if one.month_limit else "不限",
        "剩余": one.left,
        "待领": one.reserved,
        "已领": one.handed_out,
        "状态": "在架" if one.active else "已下架",
    }


def _panel(who: Actor, item: Item) -> None:
    st.markdown(f"**{escape_md(item.name)}** · 剩余 {item.left}")
    goods = item.kind is ItemKind.GOODS
    with st.container(horizontal=True):
        _stock(who, item, "进货" if goods else "增加名额", "放上货架，马上可以兑换。", catalog.receive)
        if item.left:
            _stock(who, item, "报损" if goods else "减少名额", "从货架上拿下来，不能撤销。", catalog.write_off)
    _change(who, item)


def _stock(who: Actor, item: Item, label: str, why: str, command: Any) -> None:
    draft = form.draft(f"item.{label}", item.id)
    with st.popover(label, key=draft.of("open")), st.form(draft.of("form"), border=False):
        st.caption(why)
        many = int(st.number_input("数量", 1, 100_000, 1, step=1, key=draft.of("many")))
        draft.place = st.empty()
        if st.form_submit_button(f"确定{label}"):
            call: dict[str, Any] = {"item_id": item.id, "quantity": many}
            form.attempt(
                draft,
                lambda: db.run(command, actor=who, **call, key=draft.key, now=clock.now()),
                done=f"{item.name}：{label} {many}。",
            )


def _fields(draft: form.Draft, item: Item | None) -> dict[str, Any]:
    name = st.text_input(
        "名称", item.name if item else "", key=draft.of("name"), placeholder="例如 洗衣液1瓶", max_chars=40
    )
    price = st.number_input(
        "所需积分",
        0.1,
        10_000.0,
        item.price_tenths / 10 if item else 10.0,
        step=0.5,
        format="%.1f",
        key=draft.of("price"),
    )
    limit = st.number_input(
        "每人每月限几份（0 为不限）", 0, 1000, item.month_limit if item else 0, step=1, key=draft.of("limit")
    )
    return {"name": name, "price_tenths": round(price * 10), "month_limit": int(limit)}


def _change(who: Actor, item: Item) -> None:
    draft = form.draft("item.change", item.id, item.version)
    with st.form(draft.of("form")):
        values = _fields(draft, item)
        active = st.toggle("在架", item.active, key=draft.of("active"))
        if draft.submit("保存"):
            call: dict[str, Any] = {
                "item_id": item.id,
                "sort": item.sort,
                "active": active,
                "expected_version": draft.version,
            }
            form.attempt(
                draft,
                lambda: db.run(catalog.change_item, actor=who, **call, **values, now=clock.now()),
                done="已保存。",
            )


def _add(who: Actor, here: Area) -> None:
    draft = form.draft("item.add", here.id)
    with st.form(draft.of("form"), border=False):
        kind = st.segmented_control(
            "类型",
            list(ItemKind),
            default=ItemKind.GOODS,
            required=True,
            format_func=ITEM_KIND_LABELS.__getitem__,
            key=draft.of("kind"),
        )
        values = _fields(draft, None)
        draft.place = st.empty()
        if st.form_submit_button("添加"):
            call: dict[str, Any] = {"community_id": here.id, "kind": ItemKind(str(kind))}
            form.attempt(
                draft,
                lambda: db.run(catalog.add_item, actor=who, **call, **values, key=draft.key, now=clock.now()),
                done=f"已添加“{str(values['name']).strip()}”，请接着进货。",
            )
