"""What leaves the screen: a slip of the balance to print, the statement as a file."""

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

import db
from db import points_desk, statements
from db.points import Balance
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.points import POSTING_LABELS, Account, hours_text, points_text
from pages import _points_export
from ui import slip
from ui.slip import on_paper

_COLUMNS = (("时间", 18), ("摘要", 16), ("增减（分）", 12), ("结余（分）", 12), ("来源", 60), ("凭证号", 10))


def slip_button(who: Actor, here: Area, held: Balance) -> None:
    """Offer 余额条: figures only, the name masked, the end of the chain to check it by."""
    now = clock.now()
    page = slip.slip_html("积分余额条", _facts(who, here, held), printed=on_paper(now), to_fill=False)
    st.download_button(
        "余额条（打开后打印）",
        page,
        file_name=f"余额条-{here.name}.html",
        mime="text/html",
        icon=":material/print:",
        on_click="ignore",
    )


def _facts(who: Actor, here: Area, held: Balance) -> list[tuple[str, str]]:
    call: dict[str, Any] = {"actor": who, "person_id": held.person_id}
    page = db.read(statements.statement, **call, limit=1)
    soon = db.read(statements.expiring, **call, now=clock.now())
    expiry = "；".join(
        f"{one.on.year}年{one.on.month}月{one.on.day}日 {points_text(one.points_tenths)}分" for one in soon[:3]
    )
    return [
        ("社区", here.name),
        ("姓名", held.name),
        ("可用积分", f"{points_text(held.available)} 分"),
        ("冻结积分", f"{points_text(held.held)} 分" if held.held else ""),
        ("待抵扣", f"{points_text(held.debt)} 分" if held.debt else ""),
        ("服务时长", f"{hours_text(held.minutes)} 小时"),
        ("星级", f"{held.stars} 星" if held.stars else ""),
        ("到期", expiry),
        ("账户状态", "暂停使用" if held.frozen else ""),
        ("账链校验", f"第 {page.head_seq} 笔 {page.head_hash[:16]}"),
        ("经办人", who.name),
    ]


def export_button(who: Actor, here: Area, held: Balance) -> None:
    def rows(actor: Actor) -> Iterator[Sequence[object]]:
        """Walk the whole account by its pages, the newest first."""
        before = None
        while True:
            call: dict[str, Any] = {"actor": actor, "person_id": held.person_id, "account": Account.AVAILABLE}
            page = db.read(statements.statement, **call, before=before, limit=500)
            told = db.read(points_desk.sources, lines=page.lines)
            for line in page.lines:
                words = line.why or (told[line.source_id].words if line.source_id in told else "系统自动处理")
                yield (line.at, POSTING_LABELS[line.kind], line.amount / 10, line.balance / 10, words, line.seq)
            if not page.lines or page.lines[-1].version <= 1:
                return
            before = page.lines[-1].version

    note = f"可用积分 {points_text(held.available)} 分；服务时长 {hours_text(held.minutes)} 小时"
    _points_export.offer(who, here, "积分对账单", _COLUMNS, rows, note=note)
