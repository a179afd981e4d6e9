"""善行义举榜: the month's people by confirmed hours, ties explained."""

from collections.abc import Iterator, Sequence
from datetime import date

import streamlit as st

import db
from db import points_figures
from domain.access import Actor
from domain.areas import Area
from pages import _points_export
from pages import _points_words as words
from pages import _settings_table as table

_COLUMNS = (("名次", 8), ("姓名", 12), ("时长（小时）", 14), ("说明", 40))


def show(who: Actor, here: Area, month: date) -> None:
    def rows(actor: Actor) -> Iterator[Sequence[object]]:
        for one, name in db.read(points_figures.month_ranking, actor=actor, community_id=here.id, month=month):
            yield (one.place, name, words.hours(one.minutes), one.why)

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("##### 善行义举榜")
        _points_export.offer(who, here, f"善行义举榜{month:%Y-%m}", _COLUMNS, rows)
    ranked = [dict(zip(("名次", "姓名", "小时", "说明"), row, strict=True)) for row in rows(who)]
    empty = "这个月还没有入账的服务时长，入账以后自动上榜。"
    shown = {"名次": words.COUNT, "小时": words.HOURS, "说明": st.column_config.Column(width=300)}
    with st.container(width=720):
        table.plain(ranked, empty=empty, alt="善行义举榜", columns=shown)
    if ranked:
        st.caption("按本月入账的服务时长排；时长相同的并列，不分先后。随时可以重新算出同样的榜。")
