"""一分钟演示 as HTML: one section a beat, each with the same four screens. Every word is escaped here."""

from collections.abc import Sequence
from html import escape

from domain.board import Card
from domain.clock import local
from domain.points import points_text
from domain.tickets import STATUS_LABELS, Status
from domain.tour import Scene
from ui.board.markup import card_html
from ui.care.markup import tile_html

_ASKS = frozenset({Status.REPORTED, Status.ACCEPTED})


def html(scenes: Sequence[Scene]) -> str:
    before = [scenes[0], *scenes]
    return "".join(_scene(n, scene, before[n], scenes) for n, scene in enumerate(scenes))


def _scene(n: int, scene: Scene, before: Scene, scenes: Sequence[Scene]) -> str:
    at, count = local(scene.at), len(scenes)
    screens = "".join(
        _screen(name, title, body, on=name in _lit(scene))
        for name, title, body in (
            ("care", "平安守望", _tiles(scene, before)),
            ("board", "工单看板", _cards(scene, before)),
            ("phone", "赵阿姨的手机", _phone(scene)),
            ("books", "积分与数字", _books(scene, before, scenes[0])),
        )
    )
    return (
        f'<section class="beat" data-beat="{n}" aria-label="第{n + 1}步，共{count}步" hidden>'
        f"<header><time>{at.hour}:{at:%M}</time><div><h2>{escape(scene.title)}</h2><p>{escape(scene.told)}</p></div>"
        f'</header><div class="screens" inert>{screens}</div></section>'
    )


def _lit(scene: Scene) -> tuple[str, ...]:
    """Name the screens that this beat is about; the rest stay, dimmer."""
    return {
        "board": ("care", "board"),
        "found": ("care", "board"),
        "figure": ("books",),
        "phone": ("phone", "board"),
    }.get(scene.looks_at, (scene.looks_at,))


def _screen(name: str, title: str, body: str, *, on: bool) -> str:
    lit = " on" if on else ""
    return f'<div class="screen s-{name}{lit}"><h3>{title}</h3>{body}</div>'


def _tiles(scene: Scene, before: Scene) -> str:
    was = {tile.elder_id: tile.state for tile in before.tiles}
    items = []
    for tile in scene.tiles:
        moved = " moved" if was.get(tile.elder_id, tile.state) is not tile.state else ""
        items.append(tile_html(tile).replace('class="tile ', f'class="tile{moved} ', 1))
    return f'<div class="linli care" data-dark><ul class="list tiles">{"".join(items)}</ul></div>'


def _cards(scene: Scene, before: Scene) -> str:
    known = {card.id: card.version for card in before.cards}
    items = "".join(_card(card, scene, known.get(card.id) != card.version) for card in scene.cards)
    empty = '<p class="none">今天早上还没有新单子</p>'
    return f'<div class="linli" data-dark><ul class="list">{items}</ul></div>' if items else empty


def _card(card: Card, scene: Scene, moved: bool) -> str:
    drawn = card_html(card, scene.at)
    state = f'<p class="state">{STATUS_LABELS[card.status]}</p>'
    drawn = drawn.replace("<li>", f"<li>{state}", 1)
    return drawn.replace('class="card ', 'class="card moved ', 1) if moved else drawn


def _phone(scene: Scene) -> str:
    balance = f'<p class="purse">可用积分<b>{points_text(scene.balance)}</b></p>'
    if scene.task is None:
        return f'<div class="handset">{balance}<p class="none">现在没有等着帮忙的事</p></div>'
    if scene.task.status in _ASKS:
        what = '<p>张奶奶家没见到平安信号，谁能去看一看？</p><b class="button">我来</b>'
    elif scene.task.status is Status.CLOSED:
        what = '<p>见到本人，在家平安。</p><b class="done">谢谢您，办好了</b>'
    else:
        what = '<p>3号楼，张奶奶家。您已接单，值班台看得到。</p><b class="button">见到本人，平安</b>'
    return f'<div class="handset">{balance}<h4>上门查看</h4>{what}</div>'


def _books(scene: Scene, before: Scene, first: Scene) -> str:
    entry = ""
    if scene.entry is not None:
        moved = " moved" if before.entry is None else ""
        entry = (
            f'<p class="entry{moved}"><b>+{points_text(scene.entry.amount)} 分</b>'
            f"<span>{escape(scene.entry.why)}</span><i>余 {points_text(scene.entry.balance)} 分</i></p>"
        )
    was = f"<i>{escape(first.figure.text)} →</i> " if first.figure.value != scene.figure.value else ""
    name = escape(scene.figure.kpi.name)
    figure = f'<p class="figure"><b>{was}{escape(scene.figure.text)}</b><span>本月{name}</span></p>'
    return entry + figure + (_proof(scene) if scene.looks_at == "figure" else "")


def _proof(scene: Scene) -> str:
    """Open the figure: how it is worked out, and the row that this morning added."""
    kpi = scene.figure.kpi
    rows = "".join(f"<li><b>{escape(no)}</b> {escape(title)}</li>" for no, title in scene.rows)
    return (
        f'<dl class="proof"><dt>公式</dt><dd>{escape(kpi.formula)}</dd><dt>不计入</dt><dd>{escape(kpi.exclusions)}</dd>'
        f'<dt>口径版本</dt><dd>第 {escape(kpi.version)} 版</dd></dl><ul class="rows">{rows}</ul>'
    )
