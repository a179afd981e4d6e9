"""The pages of each role, and the bar that says where one is and as whom."""

import streamlit as st

import db
from db import areas, rules
from domain.access import ROLE_LABELS, Actor, Role, has
from ui import bar, theme

# home → file; the path of a page is the last part of its file's name unless given
FILES = {
    "tickets": "tickets.py",
    "points": "points.py",
    "checkins": "checkins.py",
    "charts": "charts.py",
    "wall": "wall.py",
    "me": "me.py",
    "import": "import_data.py",
    "settings": "settings_page.py",
}
_PAGES = (
    ("tickets", "工单看板", "tickets.board"),
    ("points", "积分台账", "points.page"),
    ("checkins", "平安守望", "checkins.read"),
    ("charts", "数据分析", "charts.read"),
    ("wall", "大屏", "wall.read"),
    ("me", "我的", "me"),
    ("import", "数据导入", "tickets.import"),
    ("settings", "系统设置", "settings"),
)


def pages_for(actor: Actor) -> list[st.Page]:
    """List the pages, this person's own in the menu; the hidden home stays the only default one."""
    home = st.Page("home.py", title="邻里一屏", default=True, visibility="hidden")
    return [
        home,
        *(
            # no icon: Streamlit would fetch it from a font server for the browser's tab
            # and a page that isn't theirs is hidden, not unknown: it says no in Chinese
            st.Page(FILES[path], title=title, url_path=path, visibility="visible" if has(actor, right) else "hidden")
            for path, title, right in _PAGES
        ),
    ]


def has_menu(actor: Actor) -> bool:
    """A volunteer has one page and large buttons; a menu would only be in the way."""
    return actor.roles != {Role.VOLUNTEER}


def show(actor: Actor) -> None:
    theme.style()
    where = db.read(areas.heading, actor=actor)
    demo = db.read(rules.get_raw, "demo") is not None
    role = ROLE_LABELS[actor.main_role] if actor.main_role else ""
    st.logo(bar.BRAND.format(colour="#5fb8b3" if st.context.theme.type == "dark" else "#0d5c63"), size="large")
    st.html(bar.bar(where, actor.name, role, demo=demo))
