"""The one renderer of 平安守望: tiles in their sections, and the row of figures. Every word is escaped here."""

from collections.abc import Iterable
from html import escape

from domain.care import TIER_LABELS, Tier
from domain.care_board import PART_LABELS, TILE_LABELS, CareBoard, Part, Tile, TileState, part_of
from domain.clock import local
from ui.board.markup import once

_TONES = {
    TileState.ALARM: "alarm",
    TileState.TAKEN: "taken",
    TileState.UNCHECKED: "unchecked",
    TileState.UNCLEAR: "unclear",
    TileState.WAITING: "waiting",
    TileState.SCHEDULED: "waiting",
    TileState.EVENT: "event",
    TileState.EXCUSED: "excused",
    TileState.OK: "ok",
    TileState.OFF: "off",
}
_FIGURES = (Part.ALARM, Part.UNCHECKED, Part.UNCLEAR, Part.WAITING, Part.EVENT, Part.OK, Part.EXCUSED)
_ALWAYS = (Part.ALARM, Part.UNCHECKED, Part.WAITING, Part.OK, Part.EXCUSED)


def tile_html(tile: Tile, *, first: bool = False) -> str:
    """Render one elder: a link, so that it also opens in a tab of its own."""
    target = f"incident={tile.incident_id}" if tile.incident_id else f"elder={tile.elder_id}"
    label, said = TILE_LABELS[tile.state], _said(tile)
    mark = f'<i class="k">{TIER_LABELS[Tier.A][:2]}</i>' if tile.tier is Tier.A else ""
    where = escape(" · ".join(filter(None, (tile.building, tile.who))))
    return (
        f'<li><a class="tile {_TONES[tile.state]}" href="?{target}" data-open="{tile.elder_id}" '
        f'data-version="{tile.version}" tabindex="{0 if first else -1}">'
        f'<b class="n">{tile.code}{mark}</b><span class="w">{where}</span>'
        f'<span class="s">{label}{said}</span></a></li>'
    )


def _said(tile: Tile) -> str:
    """Say the one thing that matters beside the state: since when, until when, who."""
    words = []
    if tile.at is not None and tile.state in _WHEN:
        words.append(_WHEN[tile.state].format(f"{(at := local(tile.at)).hour}:{at:%M}"))
    if tile.eta is not None and tile.state is TileState.TAKEN:
        words.append(f"{(at := local(tile.eta)).hour}:{at:%M} 到")
    return f" <em>{' · '.join(words)}</em>" if words else ""


_WHEN = {
    TileState.ALARM: "{} 起",
    TileState.UNCHECKED: "应在 {} 前",
    TileState.UNCLEAR: "{} 前再看",
    TileState.WAITING: "{} 前",
    TileState.SCHEDULED: "{} 起",
    TileState.EVENT: "{}",
    TileState.OK: "{}",
}


_RANK = {state: rank for rank, state in enumerate(TileState)}


def _order(tile: Tile) -> tuple[object, ...]:
    """Put the most urgent first, and among them who has waited longest."""
    urgent = tile.state in (TileState.ALARM, TileState.UNCHECKED) and tile.at
    return (_RANK[tile.state], tile.severity, tile.at.timestamp() if urgent and tile.at else 0.0)


def tiles_html(board: CareBoard) -> str:
    """Give the tiles, drawn once for all readers of the same ones (`db.care_kept`)."""
    return once(board, "tiles", lambda: draw(board))


def draw(board: CareBoard) -> str:
    """Render the sections that hold somebody, those that need somebody first."""
    held: dict[Part, list[Tile]] = {part: [] for part in Part}
    for tile in board.tiles:
        held[part_of(tile.state)].append(tile)
    return "".join(_section(part, tiles) for part, tiles in held.items() if tiles)


def _section(part: Part, tiles: list[Tile]) -> str:
    ordered: Iterable[Tile] = sorted(tiles, key=_order)
    items = "".join(tile_html(tile, first=n == 0) for n, tile in enumerate(ordered))
    name = PART_LABELS[part]
    return (
        f'<section class="group {part}" aria-label="{name} {len(tiles)} 户"><h3>{name} <i>{len(tiles)}</i></h3>'
        f'<ul class="list tiles">{items}</ul></section>'
    )


def figures_html(board: CareBoard) -> str:
    """Render the row of figures, each of which opens what it counts; all of it adds up to the first."""
    asked = board.filters.part
    rest = [part for part in Part if part not in _FIGURES and board.counts.get(part)]
    parts = [part for part in _FIGURES if part in _ALWAYS or board.counts.get(part) or part is asked]
    buttons = _figure("all", board.total, "在册（户）", "", on=asked is None)
    for part in (*parts, *rest):
        count = board.counts.get(part, 0)
        buttons += _figure(part, count, PART_LABELS[part], f"f-{part}" if count else "", on=asked is part)
    return f'<div class="kpis care">{buttons}</div>'


def _figure(name: str, count: int, label: str, tone: str, *, on: bool) -> str:
    return (
        f'<button class="kpi {tone}" data-pick="{name}" aria-pressed="{str(on).lower()}">'
        f"<b>{count:,}</b><span>{label}</span></button>"
    )
