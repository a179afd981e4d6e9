"""The plan of an elder: looks of the day, how to look, consents, contacts; and leaving. Each a form of its own."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

import db
from db import care_plans, elders
from db.care_elder import ElderPage
from domain import clock
from domain.access import Actor, has
from domain.care import LEAVE_LABELS, SCOPE_LABELS, SIGN_LABELS, TIER_LABELS, LeaveReason, Scope, Sign, Tier
from domain.clock import local_date
from domain.errors import Invalid
from pages import _care_contacts, _care_slots
from pages import _care_words as words
from pages import _settings_form as form


def show(actor: Actor, page: ElderPage) -> None:
    st.markdown("##### 照护计划")
    for one in page.plans:
        st.markdown(f"- {words.plan(one)}")
    if not page.plans:
        st.caption("还没有定时段，不会有人来看。")
    agreed = [
        f"{SCOPE_LABELS[s]}（{words.on(on)}{'，' + paper if paper else ''}）"
        for s, (on, paper) in page.consents.items()
    ]
    st.caption("同意：" + ("；".join(agreed) if agreed else "还没有同意书，不会安排巡看。"))
    if page.elder.left_on and not actor.read_only and has(actor, "care.write", page.elder.area_path):
        _come_back(actor, page)
    if actor.read_only or page.elder.left_on or not has(actor, "care.plan", page.elder.area_path):
        return
    with st.expander("修改时段", icon=":material/schedule:"):
        _care_slots.show(actor, page)
    with st.expander("修改等级和信号", icon=":material/tune:"):
        _how(actor, page)
    with st.expander("同意书", icon=":material/draw:"):
        _consents(actor, page)
    with st.expander("联系人", icon=":material/call:"):
        _care_contacts.show(actor, page)
    with st.expander("退出守望", icon=":material/logout:"):
        _leave(actor, page)


def _run(actor: Actor, draft: form.Draft, command: Callable[..., Any], call: dict[str, Any], done: str) -> None:
    form.attempt(draft, lambda: db.run(command, actor=actor, **call, key=draft.key, now=clock.now()), done=done)


def _how(actor: Actor, page: ElderPage) -> None:
    """Change how one looks; the texts can be changed only by who has them before the eyes."""
    if not page.person.revealed_until:
        st.caption("先在上面“老人”一行点“查看完整信息”，看得到现在填的内容再修改。")
        return
    one = page.elder
    draft = form.draft("care.how", one.id, one.version)
    with st.form(draft.of("form"), border=False):
        tier = st.segmented_control(
            "关注等级",
            list(Tier),
            default=one.tier,
            required=True,
            format_func=TIER_LABELS.__getitem__,
            key=draft.of("tier"),
        )
        sign = st.selectbox(
            "平安信号",
            list(Sign),
            list(Sign).index(one.sign),
            format_func=SIGN_LABELS.__getitem__,
            key=draft.of("sign"),
        )
        called = st.text_input("称呼", page.called, key=draft.of("called"))
        place = st.text_input("在哪里看", page.place, key=draft.of("place"))
        health = st.text_area("健康信息（紧急时才显示）", page.health, key=draft.of("health"), height=80)
        deaf = st.checkbox("听力不好（先敲门，不先打电话）", one.hard_of_hearing, key=draft.of("deaf"))
        if draft.submit("保存"):
            call: dict[str, Any] = {"elder_id": one.id, "area_id": one.area_id, "called": called, "place": place}
            call |= {"sign": sign, "tier": tier or one.tier, "hard_of_hearing": deaf, "health": health}
            call["expected_version"] = draft.version
            _run(actor, draft, elders.change, call, "已保存，还没开始的巡看随着改过来。")


def _consents(actor: Actor, page: ElderPage) -> None:
    missing = [scope for scope in Scope if scope not in page.consents]
    if missing:
        draft = form.draft("care.consent", page.elder.id)
        with st.form(draft.of("form"), border=False):
            scopes = st.multiselect(
                "同意什么（可多选）",
                missing,
                missing,
                format_func=SCOPE_LABELS.__getitem__,
                placeholder="选择同意的事项",
                key=draft.of("scopes"),
            )
            today = local_date(clock.now())
            on = st.date_input("同意书日期", None, max_value=today, format="YYYY-MM-DD", key=draft.of("on"))
            paper = st.text_input("存放处", key=draft.of("paper"), placeholder="例如 守望档案 12 号")
            if draft.submit("登记同意"):
                call = {"elder_id": page.elder.id, "scopes": scopes, "granted_on": on, "paper": paper}
                _run(actor, draft, _agree, call, f"已登记 {len(scopes)} 项同意。")
    for scope in page.consents:
        draft = form.draft(f"care.withdraw.{scope}", page.elder.id)
        why = "撤回后从下一个时段起不再巡看。" if scope is Scope.WATCH else "撤回后相关内容随即停用，健康信息会删除。"
        if form.confirmed(draft, f"撤回：{SCOPE_LABELS[scope]}", why, "确定撤回"):
            call = {"elder_id": page.elder.id, "scope": scope}
            _run(actor, draft, care_plans.withdraw, call, "已撤回同意。")


def _agree(tx: Any, *, scopes: Sequence[Scope], key: str, **call: Any) -> None:
    """Record all that one sheet agrees to, or nothing."""
    if not scopes:
        raise Invalid("请选择同意书上同意了哪些事项。", field="scope")
    for scope in scopes:
        care_plans.consent(tx, scope=scope, key=f"{key}.{scope}", **call)


def _come_back(actor: Actor, page: ElderPage) -> None:
    draft = form.draft("care.back", page.elder.id, page.elder.version)
    with st.form(draft.of("form"), border=False):
        st.caption("又回来住了的，从明天起照原来的时段巡看；同意书还有效的不用重签，主责和备份请再核对。")
        if draft.submit("重新加入守望"):
            call = {"elder_id": page.elder.id, "expected_version": draft.version}
            _run(actor, draft, elders.come_back, call, f"{page.elder.code} 已重新加入守望，请核对主责和备份。")


def _leave(actor: Actor, page: ElderPage) -> None:
    draft = form.draft("care.leave", page.elder.id, page.elder.version)
    with st.form(draft.of("form"), border=False):
        reason = st.selectbox("原因", list(LeaveReason), format_func=LEAVE_LABELS.__getitem__, key=draft.of("reason"))
        st.caption("退出后不再巡看，以前的记录保留。")
        if draft.submit("确定退出"):
            call = {"elder_id": page.elder.id, "reason": reason, "expected_version": draft.version}
            _run(actor, draft, elders.leave, call, f"{page.elder.code} 已退出守望。")
