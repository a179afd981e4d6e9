"""系统设置: the administrator's registers, rules and backups, one section at a time."""

import streamlit as st

from pages import (
    _settings_areas,
    _settings_audit,
    _settings_backup,
    _settings_categories,
    _settings_channels,
    _settings_form,
    _settings_ladders,
    _settings_parties,
    _settings_rules,
    _settings_screens,
    _settings_start,
    _settings_users,
)
from pages._session import require
from ui import theme

SECTIONS = {
    "辖区": _settings_areas.show,
    "用户": _settings_users.show,
    "处理人": _settings_parties.show,
    "类别": _settings_categories.show,
    "规则": _settings_rules.show,
    "大屏": _settings_screens.show,
    "通知渠道": _settings_channels.show,
    "逐级通知": _settings_ladders.show,
    "数据": _settings_backup.show,
    "操作记录": _settings_audit.show,
}

who = require("settings")
theme.style()
st.subheader("系统设置", anchor=False)
section = st.segmented_control(
    "分区",
    list(SECTIONS),
    default="辖区",
    required=True,
    key="section",
    bind="query-params",
    label_visibility="collapsed",
    wrap=True,
)
_settings_form.settle(str(section))
_settings_start.show(str(section))
SECTIONS[str(section)](who)
