"""The bar above every page, as one element: it lies in the header's row, beside the pages' names."""

from html import escape

BRAND = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="92" height="28" viewBox="0 0 92 28">'
    '<text x="0" y="21" font-size="20" font-weight="700" fill="{colour}" '
    "font-family=\"'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif\">邻里一屏</text></svg>"
)
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0d5c63"/>'
    '<path d="M7 16 16 8l9 8v9H7z" fill="none" stroke="#fff" stroke-width="2.5" stroke-linejoin="round"/>'
    '<path d="M12 18h8M12 22h8" stroke="#fff" stroke-width="2"/></svg>'
)
_STYLE = """
<style>
.linli-bar{position:fixed;top:0;right:24px;height:56px;z-index:999991;display:flex;align-items:center;gap:14px;
 font-size:15px;color:var(--linli-muted,#5b6b73);white-space:nowrap}
.linli-bar .demo{background:var(--linli-soon-soft,#fff3dc);color:var(--linli-soon,#8a5300);padding:1px 10px;
 border-radius:99px;font-size:13px}
.linli-bar a{color:inherit!important;text-decoration:none;padding:6px 2px}
.linli-bar a:hover,.linli-bar a:focus-visible{text-decoration:underline}
@media (max-width:1100px){.linli-bar .where{display:none}}
@media (max-width:980px){.linli-bar .who{display:none}}
/* on a phone the menu's button lies to the left of this: only what fits beside it */
@media (max-width:640px){.linli-bar{right:16px;gap:10px}.linli-bar .role,.linli-bar .who{display:none}
 .linli-bar .demo span{display:none}}
@media print{.linli-bar{display:none}}
</style>
"""


def bar(where: str, name: str, role: str, *, demo: bool) -> str:
    """Render the bar; every word of it is escaped."""
    mark = '<span class="demo">演示<span>数据</span></span>' if demo else ""
    title = f'<span class="role"> · {escape(role)}</span>' if role else ""
    return (
        f'{_STYLE}<div class="linli-bar"><span class="where">{escape(where)}</span>{mark}'
        f'<span class="who">{escape(name)}{title}</span>'
        '<a href="/password" target="_self">密码</a><a href="/logout" target="_self">退出</a></div>'
    )
