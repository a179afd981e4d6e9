"""What goes to a handler without a login: a notice to paste into a chat, a slip to print."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from domain.clock import local

Facts = Sequence[tuple[str, str]]

_PRINT = """
body{font:16px/1.6 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:#1c2b33;max-width:640px;
margin:24px auto;padding:0 16px}
h1{font-size:22px;text-align:center;margin:0 0 4px}p{margin:4px 0 12px;text-align:center;color:#56636b}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #56636b;padding:8px 12px;text-align:left;
vertical-align:top;overflow-wrap:anywhere}th{width:7em;font-weight:400;color:#56636b}td.wide{height:7em}
"""


def on_paper(moment: datetime) -> str:
    """Say a moment in full: a sheet is read on other days as well."""
    then = local(moment)
    return f"{then.year}年{then.month}月{then.day}日 {then.hour}:{then:%M}"


def notice(heading: str, facts: Facts) -> str:
    """Write the text of a notice, one fact a line."""
    return "\n".join([f"【{heading}】", *(f"{name}：{value}" for name, value in facts if value)])


_TO_FILL = '<tr><th>处理情况</th><td class="wide"></td></tr><tr><th>处理人签字</th><td></td></tr>'


def slip_html(heading: str, facts: Facts, *, printed: str, to_fill: bool = True) -> str:
    """Write a page of its own to print, with room for the result and a signature unless it only tells."""
    rows = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in facts if v)
    blank = _TO_FILL if to_fill else ""
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(heading)}</title>'
        f"<style>{_PRINT}</style><h1>{escape(heading)}</h1><p>打印时间 {escape(printed)}</p>"
        f"<table>{rows}{blank}</table></html>"
    )
