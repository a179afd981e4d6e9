"""What the terminal says when the server is up."""

import io
from collections.abc import Iterator

import segno

from db.setup import FirstAdmin
from settings import Settings
from web import listening


def lines(held: Settings, scheme: str, port: int) -> Iterator[str]:
    yield f"邻里一屏 Linli 已启动：{listening.url(scheme, listening.local_address(held.host), port)}"
    if listening.is_anywhere(held.host):
        yield from _on_the_network(scheme, port)
    if held.is_demo:
        yield from _about_demo(held)
    yield "按 Ctrl-C 停止。"


def admin(first: FirstAdmin) -> str:
    return f"管理员账号：{first.login}  初始密码：{first.password}（只显示这一次，首次登录时须修改）"


def _on_the_network(scheme: str, port: int) -> Iterator[str]:
    addresses = [listening.url(scheme, address, port) for address in listening.lan_addresses()]
    yield from (f"同一网络的设备请打开：{address}" for address in addresses)
    if addresses:
        drawn = io.StringIO()
        segno.make(addresses[0]).terminal(drawn, compact=True)
        yield drawn.getvalue().rstrip("\n")


def _about_demo(held: Settings) -> Iterator[str]:
    yield "现在是演示数据：登录页上每个角色一个按钮，点一下即可登录。"
    if held.demo_lan and held.demo_passcode:
        yield f"演示口令：{held.demo_passcode.get_secret_value()}（从其他设备登录演示账号时填写）"
    elif not listening.is_loopback(held.host):
        yield "演示账号只在本机地址上可用；要从其他设备演示，请加 --demo-lan。"
