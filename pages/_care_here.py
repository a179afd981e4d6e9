"""The community that the register is of; who has several chooses, and the address keeps it."""

import streamlit as st

import db
from db import areas
from domain.access import RIGHTS, Actor, communities_of, grants_for
from domain.areas import UNSORTED_COMMUNITY, Area
from domain.ids import parse_id


def communities(actor: Actor) -> dict[str, Area]:
    reached = communities_of(grants_for(actor, RIGHTS["checkins.read"])) - {UNSORTED_COMMUNITY}
    return {str(a.id): a for a in db.read(areas.communities, actor) if a.id in reached}


def community(actor: Actor) -> Area:
    found = communities(actor)
    if not found:
        st.info("还没有社区，请管理员先在“系统设置 → 辖区”里添加。", icon=":material/info:")
        st.stop()
    ids = list(found)
    if len(ids) == 1:
        return found[ids[0]]
    asked = str(parse_id(st.query_params.get("community")))
    chosen = st.selectbox(
        "社区",
        ids,
        ids.index(asked) if asked in found else 0,
        format_func=lambda i: found[i].name,
        label_visibility="collapsed",
        width=200,
    )
    st.query_params["community"] = str(chosen)
    return found[str(chosen)]
