"""The pages of each role, and the bar that says where one is and as whom."""

import streamlit as st

import db
from db import areas, rules
from domain.access import ROLE_LABELS, Actor, Role, has
from ui import bar

# home → file; the path of a page is the last part of its file's name unless given
FILES = {"tickets": "tickets.py", "me": "me.py", "import": "import_data.py", "settings": "settings_page.py"}
_PAGES = (
    ("tickets", "工单看板", ":material/view_kanban:", "tickets.board"),
    ("me", "我的", ":material/person:", "me"),
    ("import", "数据导入", ":material/upload_file:", "tickets.import"),
    ("settings", "系统设置", ":material/settings:", "settings"),
)


def pages_for(actor: Actor) -> list[st.Page]:
    """List the pages this person has; the hidden home stays the only default one."""
    home = st.Page("home.py", title="邻里一屏", default=True, visibility="hidden")
    return [
        home,
        *(
            st.Page(FILES[path], title=title, icon=icon, url_path=path)
            for path, title, icon, right in _PAGES
            if has(actor, right)
        ),
    ]


def has_menu(actor: Actor) -> bool:
    """A volunteer has one page and large buttons; a menu would only be in the way."""
    return actor.roles != {Role.VOLUNTEER}


def show(actor: Actor) -> None:
    where = db.read(areas.heading, actor=actor)
    demo = db.read(rules.get_raw, "demo") is not None
    role = ROLE_LABELS[actor.main_role] if actor.main_role else ""
    st.html(bar.bar(where, actor.name, role, demo=demo))
