"""The bar above every page, as one element."""

from html import escape

_STYLE = """
<style>
.linli-bar{display:flex;align-items:center;gap:12px;flex-wrap:wrap;min-height:32px;margin:0 0 4px;font-size:15px}
.linli-bar b{font-size:18px;color:var(--st-primary-color,#0d5c63)}
.linli-bar .where,.linli-bar .who{color:var(--st-gray-text-color,#5b6b73)}
.linli-bar .who{margin-left:auto}
.linli-bar .demo{background:var(--st-orange-background-color,#fff3dc);
 color:var(--st-orange-text-color,#8a5300);padding:1px 10px;border-radius:99px;font-size:13px}
.linli-bar a{color:inherit;text-decoration:none;padding:4px 2px}
.linli-bar a:hover,.linli-bar a:focus-visible{text-decoration:underline}
@media (max-width:640px){.linli-bar .where{display:none}}
</style>
"""


def bar(where: str, name: str, role: str, *, demo: bool) -> str:
    """Render the bar; every word of it is escaped."""
    mark = '<span class="demo">演示数据</span>' if demo else ""
    who = " · ".join(filter(None, (name, role)))
    return (
        f'{_STYLE}<div class="linli-bar"><b>邻里一屏</b><span class="where">{escape(where)}</span>'
        f'<span class="who">{mark} {escape(who)}　<a href="/password" target="_self">密码</a> '
        '<a href="/logout" target="_self">退出</a></span></div>'
    )
