"""规则: what each kind of service earns now, every version there was, and the change of one from a day on."""

from datetime import date
from typing import Any

import streamlit as st

import db
from db import award_rules, points_desk
from db.points_desk import RuleVersion
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.awards import Rule
from domain.clock import local_date
from domain.points import RECORD_KIND_LABELS, RecordKind, points_text
from pages import _settings_form as form
from pages import _settings_table as table

_NAMES = {
    "per_hour": "每小时",
    "per_event": "每次",
    "per_item": "每户或每件",
    "day_cap": "每天上限",
    "month_cap": "每月上限",
}


def show(who: Actor, here: Area) -> None:
    today = local_date(clock.now())
    held = [db.read(award_rules.in_force, here.id, kind, today) for kind in RecordKind]
    st.markdown("##### 现在的规则")
    table.plain([_row(rule) for rule in held], empty="", alt="现在的积分规则")
    st.caption("服务按半小时计，不足不计；居民评价“不满意”到“满意”按系数增减；积分到第二年年底到期；补录只计时长。")
    if has(who, "points.rules"):
        _change(who, here, {rule.kind: rule for rule in held}, today)
    versions = db.read(points_desk.rule_versions, actor=who, community_id=here.id)
    st.markdown("##### 改过的版本")
    empty = "还没有改过，用的是系统自带的规则（第 0 版）。"
    table.plain([_version(one) for one in versions], empty=empty, alt="积分规则的历次版本")


def _row(rule: Rule) -> dict[str, str]:
    shown = {"事项": RECORD_KIND_LABELS[rule.kind]}
    shown |= {label: _points(getattr(rule, name)) for name, label in _NAMES.items()}
    return {
        **shown,
        "一次最长": f"{rule.most_minutes / 60:g} 小时",
        "评价系数": f"{rule.rating_low}%–{rule.rating_high}%",
        "版本": f"第 {rule.version} 版",
    }


def _points(tenths: int) -> str:
    return f"{points_text(tenths)} 分" if tenths else "—"


def _version(one: RuleVersion) -> dict[str, str]:
    return {"起用": one.valid_from.isoformat(), **_row(one.rule), "谁改的": one.made_by}


def _change(who: Actor, here: Area, held: dict[RecordKind, Rule], today: date) -> None:
    with st.expander("修改规则"):
        kind = st.selectbox("修改哪一项", list(held), format_func=RECORD_KIND_LABELS.__getitem__, key="rule-kind")
        rule = held[kind]
        draft = form.draft("points.rule", (kind, rule.version))
        with st.form(draft.of("form"), border=False, width=720):
            values = _numbers(rule, draft)
            start = st.date_input("从哪天起用", today, min_value=today, format="YYYY-MM-DD", key=draft.of("from"))
            st.caption("写成新的一版；已经入账的不变，这天以前的服务仍按当时的规则。")
            if draft.submit("保存为新版本"):
                changed = Rule(kind, **values)
                call: dict[str, Any] = {"community_id": here.id, "rule": changed, "valid_from": start}
                form.attempt(
                    draft,
                    lambda: db.run(award_rules.change, actor=who, **call, key=draft.key, now=clock.now()),
                    done=lambda new: f"已保存，{RECORD_KIND_LABELS[kind]}第 {new.version} 版从 {start} 起用。",
                )


def _numbers(rule: Rule, draft: form.Draft) -> dict[str, int]:
    def points(label: str, name: str, place: Any) -> int:
        now = getattr(rule, name) / 10
        asked: float = place.number_input(label, 0.0, 10_000.0, now, 0.5, format="%.1f", key=draft.of(name))
        return round(asked * 10)

    first, second = st.columns(3), st.columns(3)
    found = {
        name: points(f"{label}（分）{'，0 为不限' if name.endswith('cap') else ''}", name, place)
        for (name, label), place in zip(_NAMES.items(), (*first, *second), strict=False)
    }
    hours = second[2].number_input("一次最长（小时）", 0.5, 24.0, rule.most_minutes / 60, 0.5, key=draft.of("most"))
    low, high = st.slider("评价系数（%）", 0, 200, (rule.rating_low, rule.rating_high), 5, key=draft.of("rating"))
    return {**found, "most_minutes": round(hours * 60), "rating_low": low, "rating_high": high}
