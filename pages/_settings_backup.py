"""数据: backups, the check of everything, and the step from the demo to real use."""

from datetime import datetime
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import db
from db import audit, backup, crypto, fsck, jobs, restoring, rules, setup
from db.setup import FirstAdmin
from domain.access import Actor
from domain.clock import LOCAL, local, now
from domain.errors import Refused
from pages import _settings_form as form
from pages import _settings_table as table
from pages._session import require
from ui.text import escape_md, when

SHOWN_PROBLEMS = 50
SURE = "开始正式使用"


def show(who: Actor) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        _backups(who)
    with right:
        _restoring()
        _check(who)
        if db.read(rules.get_raw, "demo") is not None:
            _leave_demo()


def _backups(who: Actor) -> None:
    st.markdown("**备份**")
    st.caption(_last_night())
    draft = form.draft("backup")
    draft.place = st.empty()
    if st.button("立即备份", key=draft.of("write"), type="primary", icon=":material/save:"):
        file = backup.nightly_folder() / f"manual-{local(now()):%Y%m%d-%H%M%S}.zip"
        with st.spinner("正在备份，请稍候…"):
            form.attempt(draft, lambda: _back_up(who, file), done=f"已备份到 {file.name}。")
    files = sorted(backup.nightly_folder().glob("*.zip"), key=lambda f: f.stat().st_mtime, reverse=True)
    table.plain([_line(f) for f in files], empty="还没有备份，请点“立即备份”做第一份。", alt="备份")
    st.caption(f"都在服务器的这个文件夹里，请定期另存一份到别的机器：{escape_md(str(backup.nightly_folder()))}")


def _back_up(who: Actor, file: Path) -> None:
    backup.write(file, now=now())
    db.run(audit.note, actor=who, action="backup.write", detail=f"file={file.name}", now=now())


def _last_night() -> str:
    told = db.read(jobs.last_run, job="nightly")
    if told is None:
        return "每天凌晨 2:30 以后自动备份，保留最近 14 份；还没有运行过。"
    at = when(datetime.fromisoformat(told["at"]), now())
    result = "成功" if told["ok"] else f"没有成功：{told['error']}"
    return f"每天凌晨 2:30 以后自动备份，保留最近 14 份。上一次：{at}，{escape_md(result)}"


def _line(file: Path) -> dict[str, str]:
    kinds = {"nightly": "每晚自动", "manual": "手动", "before": "升级之前"}
    found = file.stat()
    return {
        "时间": f"{datetime.fromtimestamp(found.st_mtime, LOCAL):%Y-%m-%d %H:%M}",
        "来历": kinds.get(file.name.partition("-")[0], "其他"),
        "大小": _size(found.st_size),
        "文件": file.name,
    }


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{-(-count // 1000)} KB"


def _restoring() -> None:
    st.markdown("**密钥和恢复**")
    st.write(
        "姓名、电话、地址是加密保存的。密钥文件不在备份里，请复制一份，与备份**分开**保管；"
        "没有密钥，备份里的个人信息谁也打不开。"
    )
    st.code(str(crypto.key_file()), language=None)
    st.caption("恢复时先停止程序，再在服务器上运行（会先核对备份，原来的数据另放一边，不会删除）：")
    st.code(restoring.restore_commands(), language=None)


def _check(who: Actor) -> None:
    st.markdown("**核对**")
    st.caption("逐一核对工单、记录、编号和数据库本身，只看不改；数据多时要几分钟。")
    if not st.button("核对全部数据", key="st_fsck"):
        return
    with st.spinner("正在核对，请稍候…"):
        checked, problems = db.read(fsck.report, limit=SHOWN_PROBLEMS + 1)
    counted = f"count={checked} problems={len(problems)}"
    db.run(audit.note, actor=who, action="data.check", detail=counted, now=now())
    if not problems:
        st.success(f"已核对 {checked} 件工单，没有发现问题。", icon=":material/check_circle:")
        return
    more = "（只列出前面的）" if len(problems) > SHOWN_PROBLEMS else ""
    st.error(f"已核对 {checked} 件工单，发现问题{more}。请保留现在的数据，联系维护人员：", icon=":material/error:")
    st.text("\n".join(problems[:SHOWN_PROBLEMS]))


@st.fragment
def _leave_demo() -> None:
    """A fragment: the session ends with the demo, and another run of the whole page would show no password."""
    st.markdown("**从演示到正式使用**")
    draft = form.draft("start.real")
    place = st.empty()
    if not draft.done and _is_sure(draft, place):
        _start(draft)
    if draft.done:
        place.empty()
        _show_first_admin(draft)


def _is_sure(draft: form.Draft, place: DeltaGenerator) -> bool:
    with place.container():
        st.write("会建一个空的数据库，演示的工单、人员和账号全部清除，不能找回；所有人退出登录。")
        with st.form(draft.of("real")):
            typed = st.text_input(f"请输入“{SURE}”确认", key=draft.of("typed"))
            sent = st.form_submit_button("清除演示，开始正式使用")
            if sent and typed.strip() != SURE:
                st.error(f"请先在框里输入“{SURE}”这六个字。")
    return sent and typed.strip() == SURE


def _start_real() -> FirstAdmin | None:
    return setup.start_real(now=now(), from_screen=True)


def _start(draft: form.Draft) -> None:
    require("settings", by_hand=True)  # a fragment's run does not pass the page's own check
    try:
        draft.once(_start_real, SURE, lambda made: (made.login, made.password) if made else None)
    except Refused as refused:
        st.error(escape_md(refused.message))


def _show_first_admin(draft: form.Draft) -> None:
    if draft.secret is None:
        st.warning("已有人开始了正式使用，请用那时显示的账号登录。")
    else:
        login, password = draft.secret
        st.success("正式使用已开始。请马上记下管理员的账号和初始密码，只显示这一次：")
        st.code(f"账号 {login}\n密码 {password}", language=None)
    st.html('<a href="/login" target="_self" style="color:inherit">我已记下，重新登录</a>')
