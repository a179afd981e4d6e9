"""A banner while the worker is late: nobody may take silence for safety."""

import streamlit as st

import db
from db import leases
from domain import clock, worker
from ui.text import when


def banner() -> None:
    now = clock.now()
    ran = {job: lease.ok_at for job, lease in db.read(leases.listed).items()}
    late = worker.late(ran, now)
    if not late:
        return
    names = "、".join(worker.LABELS[job] for job in late)
    last = worker.last_good(ran)
    since = f"最后一次正常是{when(last, now)}" if last else "还没有正常运行过"
    st.error(
        f"后台停了：{names}没有按时运行，{since}。这段时间超时和预警不会自动通知，请按名单逐户核对，并马上联系管理员。",
        icon=":material/sync_problem:",
    )
