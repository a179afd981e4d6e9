"""The one renderer of cards and columns, as HTML. Every word from outside is escaped here."""

from collections.abc import Callable, Container, Iterable
from datetime import datetime
from functools import lru_cache
from html import escape
from uuid import UUID

from domain.board import LONGEST_COLUMN, Board, BoardColumn, Card, Figures, Waiting
from domain.due import GRADE_LABELS, Grade, Urgency
from domain.moves import spot
from domain.tickets import (
    CHANNEL_LABELS,
    COLUMN_LABELS,
    DONE_SHOWN,
    KIND_LABELS,
    OPEN,
    SATISFACTION_LABELS,
    STATUS_LABELS,
    Column,
    Kind,
    Satisfaction,
    Status,
)
from domain.views import USUAL_FIELDS, Field, Group
from ui.board.lanes import lanes
from ui.text import age, left

_ICON_PATHS = {
    "late": '<circle cx="8" cy="8" r="6.2"/><path d="M8 4.6v4.2M8 11.2v.2"/>',
    "soon": '<circle cx="8" cy="8" r="6.2"/><path d="M8 4.6V8l2.4 1.6"/>',
    "calm": '<circle cx="8" cy="8" r="6.2"/><path d="M8 4.6V8h2.6"/>',
    "ok": '<path d="M3 8.6l3.2 3.2L13 4.8"/>',
    "info": '<circle cx="8" cy="5" r="2.4"/><path d="M3.4 13.4c.6-2.8 2.3-4.2 4.6-4.2s4 1.4 4.6 4.2"/>',
}
_ICONS = {
    name: '<svg viewBox="0 0 16 16" width="12" height="12" fill="none" stroke="currentColor" stroke-width="1.8" '
    f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{path}</svg>'
    for name, path in _ICON_PATHS.items()
}
_TONES = {Urgency.LATE: "late", Urgency.SOON: "soon", Urgency.NORMAL: "calm", Urgency.DONE: "ok"}
_EMPTY = {
    Column.TODO: "没有等待受理或派单的事。",
    Column.DOING: "没有正在办的事。",
    Column.FOLLOW_UP: "没有等待回访的事。",
    Column.DONE: "近 14 天还没有办结的事。",
}
_NARROWED = "没有符合筛选条件的。"
MOST_DRAWN = 10_000_000  # characters in all; a board has some 200,000
MOST_BOARDS = 600  # of which each is held along with its drawing
MOST_CARDS = 5000  # of about a thousand characters
# by identity, with the board itself so that it keeps it
_drawn: dict[tuple[int, object], tuple[object, str]] = {}
_UNHAPPY = frozenset({Satisfaction.SO_SO, Satisfaction.UNSATISFIED})


def icon(tone: str) -> str:
    return _ICONS.get(tone, "")


def chip(tone: str, words: str, sign: str = "") -> str:
    return f'<span class="chip {tone}">{icon(sign or tone)}{escape(words)}</span>'


def time_words(card: Card, now: datetime) -> str:
    """Say the one thing about time that matters in the state the card is in."""
    if card.urgency is not Urgency.DONE:
        return left(card.due_at, now)
    if card.status is Status.RESOLVED:
        return "处理完成"
    if card.satisfaction and card.satisfaction is not Satisfaction.UNREACHED:
        # 一般 alone would be read as its grade
        return ("评价" if card.satisfaction in _UNHAPPY else "") + SATISFACTION_LABELS[card.satisfaction]
    return STATUS_LABELS[card.status]


def tone_of(card: Card) -> str:
    if card.status is Status.CLOSED and card.satisfaction in _UNHAPPY:
        return "soon"
    return _TONES[card.urgency]


def _marks(card: Card) -> Iterable[tuple[str, str]]:
    if card.status is Status.DISPATCHED:
        yield "info", "待接单"
    if card.contacted and card.status in OPEN:
        yield "ok", "已联系"
    if card.told_by > 1:
        yield "plain", f"{card.told_by} 人反映"
    if card.urged:
        yield "plain", f"催办 {card.urged}"
    if card.round_no > 1:
        yield "plain", f"第 {card.round_no} 轮"
    if card.claimable:
        yield "info", "志愿者可接"
    if card.single_duty:
        yield "plain", "单人值班"


def _top(card: Card) -> tuple[str, str, str]:
    """Give number, subject and grade, each with what parts it from the one before."""
    if card.hidden:
        return card.no, "", ""
    subject = card.category if card.kind is Kind.REPORT else KIND_LABELS[card.kind]
    grade = f" · {GRADE_LABELS[card.grade]}" if card.grade is not Grade.NORMAL else ""
    return card.no, f" · {subject or KIND_LABELS[card.kind]}", grade


def _line(card: Card, aged: str) -> Iterable[tuple[Field, str]]:
    """Give what stands below the title: where it is, how it came, and when."""
    if place := card.place or card.grid:
        yield Field.PLACE, place
    if not card.hidden:
        yield Field.CHANNEL, CHANNEL_LABELS[card.channel]
        yield Field.AGE, aged


def _field(field: Field, words: str) -> str:
    """Name a part that a view may leave out: the style sheet does, so that every reader's card is the same."""
    return f'<span class="f-{field}">{escape(words)}</span>'


def left_out(fields: Container[Field]) -> str:
    """Name for the style sheet what a view does not show."""
    return " ".join(f"no-{field}" for field in Field if field not in fields)


def card_html(card: Card, now: datetime, *, first: bool = False) -> str:
    """Render one card: a link to its ticket, so that it also opens in a tab of its own."""
    return _card_html(card, time_words(card, now), age(card.reported_at, now), first)


@lru_cache(maxsize=MOST_CARDS)  # after a change all but one or two are as they were, and so are the words of their time
def _card_html(card: Card, words: str, aged: str, first: bool) -> str:
    tone = tone_of(card)
    marks = [] if card.hidden else list(_marks(card))
    sign = "late" if tone == "soon" and card.urgency is Urgency.DONE else ""  # no clock beside what was said of it
    chips = chip(tone, words, sign) + "".join(chip(t, w) for t, w in marks)
    (no, subject, grade), line = _top(card), list(_line(card, aged))
    place = " · ".join(words for _, words in line)
    said = "，".join(
        filter(
            None, (no + subject + grade, card.title, place, words, *(w for _, w in marks), _state(card), card.handler)
        )
    )
    alert = " alert" if card.kind is Kind.ALERT and not card.hidden else ""
    return (
        f'<li><a class="card {tone}{alert}" href="?ticket={card.id}" data-open="{card.id}" '
        f'data-version="{card.version}"{_tied(card)} tabindex="{0 if first else -1}" aria-label="{escape(said)}">'
        f'<span class="n">{escape(no)}{_field(Field.CATEGORY, subject)}{grade}</span>'
        f'<span class="t">{escape(card.title)}</span>'
        + (f'<span class="p">{"".join(_field(*part) for part in line)}</span>' if line else "")
        + f'<span class="chips">{chips}<span class="hand">{escape(_who(card))}</span></span></a></li>'
    )


def _who(card: Card) -> str:
    """Say who has it; before anybody has, what it waits for."""
    waits = not card.hidden and card.status in (Status.REPORTED, Status.ACCEPTED)
    return card.handler or (STATUS_LABELS[card.status] if waits else "")


def _state(card: Card) -> str:
    """Name the state for who can't see the column; a chip says 待接单."""
    return "" if card.hidden or card.status is Status.DISPATCHED else STATUS_LABELS[card.status]


def _tied(card: Card) -> str:
    """Say in which case it is and whom it is tied to; each reader's browser knows its own id."""
    if card.hidden:
        return ""
    users = (("h", card.handler_user), ("d", card.dispatched_by), ("r", card.reporter_user))
    ties = " ".join(f"{tie}{short(user)}" for tie, user in users if user)
    return f' data-spot="{spot(card)}"' + (f' data-ties="{ties}"' if ties else "")


def short(user: UUID) -> str:
    """Give the end of an id: enough for a hint, the server decides by the whole of it."""
    return user.hex[-10:]


def cards_html(cards: Iterable[Card], now: datetime) -> str:
    """Render a plain list of cards, as 我的 shows them."""
    items = "".join(card_html(card, now, first=place == 0) for place, card in enumerate(cards))
    return f'<ul class="list">{items}</ul>'


def _span(held: BoardColumn) -> str:
    """Say how far back the done go."""
    if held.recent:
        return f"近{DONE_SHOWN.days}天 "
    return f"各社区最近登记的{held.searched:,}件中 " if held.searched else ""


def _items(held: BoardColumn, now: datetime, group: Group) -> str:
    """Render the cards in their lanes; a lane's head says how many it has, or shows of those not all read."""
    of = "" if held.count == len(held.cards) else "显示 "
    parts, first = [], True
    for name, cards in lanes(held.cards, group):
        if name:
            parts.append(f'<li class="lane"><h4>{escape(name)} <i>{of}{len(cards):,}</i></h4></li>')
        for card in cards:
            parts.append(card_html(card, now, first=first))
            first = False
    return "".join(parts)


def _limit(held: BoardColumn) -> str:
    return f"/{held.limit:,}" if held.limit else ""


def _over(held: BoardColumn) -> str:
    """Warn, in colour, icon and word, of more than the community has agreed to have at once."""
    if not held.limit or held.count <= held.limit:
        return ""
    return chip("soon", "超出上限", "late")


def _rest(held: BoardColumn) -> str:
    """Offer what a column does not show, or say that it is the longest."""
    more = held.count - len(held.cards)
    if more <= 0:
        return ""
    if len(held.cards) >= LONGEST_COLUMN:
        return f'<li class="most">只列前 {LONGEST_COLUMN} 件，请用筛选缩小范围</li>'
    return f'<li><button class="more" data-more="{held.column}">还有 {more:,} 件，显示更多</button></li>'


def column_html(held: BoardColumn, now: datetime, group: Group = Group.NONE) -> str:
    name, column = COLUMN_LABELS[held.column], held.column
    span = _span(held) if column is Column.DONE else ""
    items, rest, count = _items(held, now, group), _rest(held), f"{held.count:,}"
    return (
        f'<section class="col" data-col="{column}" aria-label="{name} {span}{count} 件">'
        f"<h3>{name} <i>{span}{count}{_limit(held)}</i>{_over(held)}</h3>"
        f'<ul class="list">{items}{rest}</ul>'
        f'<p class="empty">{_NARROWED if held.narrowed else _EMPTY[column]}</p></section>'
    )


def board_html(board: Board, fields: frozenset[Field] = USUAL_FIELDS, group: Group = Group.NONE) -> str:
    """Give the whole board, drawn once for all readers of the same one (`db.board_kept`)."""
    return once(board, (fields, group), lambda: draw(board, fields, group))


def once(board: object, how: object, draw: Callable[[], str]) -> str:
    """Draw what is kept once for all its readers; it is held as long as its drawing, so that its id means no other."""
    key = (id(board), how)
    held = _drawn.pop(key, None) or (board, draw())
    if not held[1]:
        return ""
    _drawn[key] = held  # the last to go
    while len(_drawn) > MOST_BOARDS or sum(len(html) for _, html in tuple(_drawn.values())) > MOST_DRAWN:
        _drawn.pop(next(iter(tuple(_drawn)), key), None)  # another thread may have been quicker
    return held[1]


def draw(board: Board, fields: Container[Field], group: Group) -> str:
    """Render it; `board.at` is the moment it was read."""
    tabs = "".join(
        f'<button role="tab" data-tab="{c.column}">{COLUMN_LABELS[c.column]}<b>{c.count:,}</b></button>'
        for c in board.columns
    )
    columns = "".join(column_html(c, board.at, group) for c in board.columns)
    tablist = f'<div class="tabs" role="tablist" aria-label="按状态查看">{tabs}</div>'
    return f'{tablist}<div class="board {left_out(fields)}">{columns}</div>'


def mark_html(stamp: int) -> str:
    """Stand for a table, which the page's script draws: when this changes, the script is to run."""
    return f'<i hidden data-stamp="{stamp}"></i>'


def waiting_html(groups: Iterable[Waiting], now: datetime) -> str:
    """Render the groups of 我的 that hold something."""
    return "".join(
        f'<section class="group" aria-label="{group.title} {group.count:,} 件">'
        f"<h3>{group.title} <i>{group.count:,}</i></h3>{cards_html(group.cards, now)}</section>"
        for group in groups
        if group.count
    )


def figures_html(figures: Figures, due: str) -> str:
    """Render the row of figures; three of them open what they count."""
    shown = (
        ("all", figures.open, "在办", "", due == ""),
        ("late", figures.late, "已超时", "late" if figures.late else "", due == "late"),
        ("today", figures.today, "今天到期", "", due == "today"),
    )
    buttons = "".join(
        f'<button class="kpi {tone}" data-pick="{name}" aria-pressed="{str(on).lower()}">'
        f"<b>{count:,}</b><span>{label}</span></button>"
        for name, count, label, tone, on in shown
    )
    done = f'<div class="kpi"><b>{figures.closed_today:,}</b><span>今天办结</span></div>'
    return f'<div class="kpis">{buttons}{done}</div>'
