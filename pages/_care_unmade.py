"""Looks that nobody arranged: days that went by, and today's or tomorrow's with the button that arranges them now."""

import streamlit as st

import db
from db import missing_windows
from db.missing_windows import Missing
from db.unwatched import Unwatched
from domain import clock
from domain.access import Actor, has
from domain.clock import local_date
from domain.errors import Refused
from ui.text import escape_md

_NAMED = 5


def show(who: Actor) -> None:
    gone, coming = _found(who)
    for past in gone:
        st.error(_past_words(past), icon=":material/event_busy:")
        if len(past.codes) > _NAMED:
            with st.expander(f"{past.day:%m月%d日}没有人看的 {len(past.codes)} 户"):
                st.markdown("、".join(past.codes))
    for one in coming:
        day = "今天" if one.day == local_date(clock.now()) else "明天"
        may = has(who, "care.plan") and not who.read_only
        with st.container(horizontal=True, vertical_alignment="center", key=f"unmade-{one.day:%m%d}"):
            st.error(_words(one, day, may=may), icon=":material/event_busy:")
            if may:
                st.button("现在补上", key=f"make-{one.day:%m%d}", type="primary", on_click=_make, args=(who,))


@st.cache_resource(ttl=20, max_entries=500, show_spinner=False, hash_funcs={Actor: repr})
def _found(who: Actor) -> tuple[list[Unwatched], list[Missing]]:
    """Look a few times a minute, as the worker does once: each run of the page asks."""
    return db.read(missing_windows.unarranged, actor=who, now=clock.now())


def _past_words(past: Unwatched) -> str:
    more = "等" if len(past.codes) > _NAMED else ""
    named = f"{past.day:%m月%d日}无人值守：应巡看{len(past.codes)}户未生成（{'、'.join(past.codes[:_NAMED])}{more}）。"
    return f"{named}这一天没有人被提醒，也没有预警，请逐户核实。这条提示保留一周。"


def _words(one: Missing, day: str, *, may: bool) -> str:
    more = f"等 {len(one.codes)} 户" if len(one.codes) > _NAMED else f"这 {len(one.codes)} 户"
    said = f"{day}没有给{'、'.join(one.codes[:_NAMED])}{more}安排巡看：没有安排的，没人会被提醒，也不会预警。"
    if may:
        return f"{said}请点“现在补上”，再核对巡看名单；补不上请联系管理员，并派人去看。"
    return f"{said}请马上告诉社区工作者，并先去看一看。"


def _make(who: Actor) -> None:
    _found.clear()
    try:
        made = db.run(missing_windows.make, actor=who, now=clock.now())
    except Refused as refused:
        st.toast(escape_md(refused.message), icon=":material/info:")
    else:
        said = f"已补上 {made} 次巡看，请核对名单。" if made else "已经有人补上了。"
        st.toast(said, icon=":material/check:")
