"""余额: who has what, the fullest first; a search by name or phone; a chosen row opens the account."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import expiry, points, points_desk
from db.points import PAGE, Balance
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.ids import parse_id
from domain.points import NOTICE_DAYS
from pages import _points_account, _points_export, _points_pages
from pages import _points_words as words
from pages import _settings_table as table

CHOSEN, _SEARCH = "points_account", "points_q"
_COLUMNS = (
    *(("姓名", 12), ("可用积分", 12), ("服务时长（小时）", 18), ("冻结积分", 12), ("待抵扣", 12)),
    *(("星级", 8), ("状态", 12)),
)
_SHOWN = {"可用积分": words.POINTS, "冻结积分": words.POINTS, "待抵扣": words.POINTS, "服务时长": words.HOURS}


def show(who: Actor, here: Area) -> None:
    if chosen := st.session_state.pop(CHOSEN, None):
        st.query_params["account"] = str(chosen)
    if account := parse_id(st.query_params.get("account")):
        _points_account.show(who, here, account)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        query = table.search("居民", "姓名或电话，查找某人的账户", _SEARCH)
        _export(who, here)
    if query.strip():
        _found(who, here, query)
    else:
        _soon(who, here)
        _all(who, here)


def _all(who: Actor, here: Area) -> None:
    pages = _points_pages.of(f"balances {here.id}")
    listed = db.read(points.balances, actor=who, community_id=here.id, after=pages.after, limit=PAGE + 1)
    _list(listed[:PAGE], empty="还没有人有积分。服务记录在“待核”里入账以后，这里就有余额。")
    last = listed[PAGE - 1] if len(listed) > PAGE else None
    pages.buttons((last.available, last.account_id) if last else None)


def _soon(who: Actor, here: Area) -> None:
    """Offer the list of whose points expire soon, so that somebody calls them."""
    near = db.read(expiry.soon, actor=who, community_id=here.id, now=clock.now())
    if not near:
        return
    people = len({one.person_id for one in near})
    with st.expander(f"{people} 人的积分在 {max(NOTICE_DAYS)} 天内到期", width=960):
        rows = [
            {
                "姓名": one.name or "已删除",
                "到期积分": words.tenths(one.points_tenths),
                "到期日": one.on,
                "还有（天）": one.days,
            }
            for one in near
        ]
        ids = [one.person_id for one in near]
        shown = {"到期积分": words.POINTS}
        table.tap(rows, ids, CHOSEN, key="points_soon", alt="快到期的积分，点一行打开账户", columns=shown)


def _found(who: Actor, here: Area, query: str) -> None:
    met = db.read(points_desk.find, actor=who, community_id=here.id, text=query, now=clock.now())
    have = [one.balance for one in met if one.balance]
    phones = {one.balance.person_id: one.phone for one in met if one.balance}
    if have:
        _list(have, phones)
    if none := [words.person(one) for one in met if not one.balance]:
        st.caption(f"还没有积分账户：{'；'.join(none)}。第一笔积分入账后自动开户。")
    if not met:
        st.info("没有找到。请输入完整的姓名或电话；志愿者可以只输称呼。", icon=":material/info:")


def _list(listed: Sequence[Balance], phones: dict[UUID, str] | None = None, *, empty: str = "") -> None:
    rows = [_row(one, (phones or {}).get(one.person_id, "")) for one in listed]
    ids = [one.person_id for one in listed]
    if not rows:
        st.info(empty, icon=":material/info:")
        return
    with st.container(width=960):
        table.tap(rows, ids, CHOSEN, key="points_balances", alt="积分余额，点一行打开账户", columns=_SHOWN)
    st.caption("点一行打开账户，看每一笔的来历。")


def _row(one: Balance, phone: str) -> dict[str, Any]:
    return {
        "姓名": one.name or "已删除",
        **({"电话": phone} if phone else {}),
        "可用积分": words.tenths(one.available),
        "服务时长": words.hours(one.minutes),
        "冻结积分": words.tenths(one.held) or None,
        "待抵扣": words.tenths(one.debt) or None,
        "星级": f"{one.stars} 星" if one.stars else "",
        "状态": "暂停使用" if one.frozen else "",
    }


def _export(who: Actor, here: Area) -> None:
    def rows(actor: Actor) -> Iterator[Sequence[object]]:
        after = None
        while page := db.read(points.balances, actor=actor, community_id=here.id, after=after, limit=500):
            yield from (tuple(_row(one, "").values()) for one in page)
            after = (page[-1].available, page[-1].account_id)

    _points_export.offer(who, here, "积分余额", _COLUMNS, rows)
