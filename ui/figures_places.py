"""Figures of places: areas in areas, and grids as rooms on a floor; no map, and so nothing from the net."""

from collections.abc import Sequence

import plotly.graph_objects as go

from ui.chart_look import GRID, GROUND, INK, SCALE, SMALL, Head, plain
from ui.figures import HEIGHT, titled
from ui.floor import Box, lay_out

_WORDED = 80  # with more cells than this there is no room for words in them


def tree(head: Head, nodes: Sequence[tuple[str, str, str, int]], *, dark: bool = False) -> go.Figure:
    """Draw areas in areas: (id, the id above or "", name, count); a tap goes a step down."""
    figure = go.Figure()
    figure.add_treemap(
        ids=[node for node, *_ in nodes],
        parents=[above for _, above, *_ in nodes],
        labels=[plain(name) for _, _, name, _ in nodes],
        values=[count for *_, count in nodes],
        branchvalues="total",
        maxdepth=3,
        marker={"colors": _shades(nodes, dark), "line": {"color": GROUND[dark], "width": 2}},
        textfont={"color": [_ink(shade, dark) for shade in _shades(nodes, dark)]},
        tiling={"pad": 3},
        pathbar={"thickness": 26},
        texttemplate="%{label}<br>%{value:,}",
        hovertemplate="%{label}　%{value:,} 件，占上级 %{percentParent:.0%}<extra></extra>",
    )
    # a name that has no room is left out, not shrunk until nobody can read it
    figure.update_layout(uniformtext={"minsize": 11, "mode": "hide"})
    return titled(figure, head, dark, height=HEIGHT + 60)


def _shades(nodes: Sequence[tuple[str, str, str, int]], dark: bool) -> list[str]:
    """Shade the areas that have none below them, the darker the more; what holds them stays calm."""
    holders = {above for _, above, *_ in nodes}
    top = max((count for node, *_, count in nodes if node not in holders), default=0) or 1
    return [GRID[dark] if node in holders else SCALE[dark][round(count / top * 4)] for node, *_, count in nodes]


Cell = tuple[str, str, str, float | None, str, bool]  # community, key, grid, value 0–1 of the scale, words, small


def floor(head: Head, cells: Sequence[Cell], *, dark: bool = False) -> go.Figure:
    """Draw communities as rooms and grids as cells in them; no map, and so nothing from the net."""
    rooms: dict[str, list[Cell]] = {}
    for cell in cells:
        rooms.setdefault(cell[0], []).append(cell)
    figure = go.Figure()
    for room in lay_out([(name, len(held)) for name, held in rooms.items()]):
        left, _low, _right, high = room.box
        _filled(figure, room.box, "rgba(0,0,0,0)", GRID[dark])
        words = {"text": f"<b>{plain(room.name)}</b>", "showarrow": False, "font_color": INK[dark]}
        figure.add_annotation(x=left + 0.08, y=high - 0.18, xanchor="left", **words)
        for cell, box in zip(rooms[room.name], room.cells, strict=True):
            _cell(figure, cell, box, dark, worded=len(cells) <= _WORDED)
    figure = titled(figure, head, dark, height=HEIGHT + 60)
    figure.update_layout(showlegend=False, hovermode="closest")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def _cell(figure: go.Figure, cell: Cell, box: Box, dark: bool, *, worded: bool) -> None:
    community, key, name, value, said, small = cell
    ground = SMALL[dark] if small or value is None else SCALE[dark][round(value * 5)]
    _filled(figure, box, ground, GROUND[dark])
    figure.add_scatter(
        x=[(box[0] + box[2]) / 2],
        y=[(box[1] + box[3]) / 2],
        mode="markers+text" if worded else "markers",
        marker={"size": 46, "opacity": 0, "symbol": "square"},
        unselected={"marker": {"opacity": 0}},
        text=[f"{plain(_within(name, community))}<br>{plain(said)}"],
        textfont={"color": _ink(ground, dark), "size": 12},
        customdata=[key],
        hovertemplate=f"{plain(name)}　{plain(said)}<extra></extra>",
    )


def _ink(ground: str, dark: bool) -> str:
    """Write dark on light grounds and light on dark ones, whichever the theme."""
    strong = ground in SCALE[dark][4 if dark else 3 :]
    return {(True, False): "#ffffff", (True, True): "#0c1a20"}.get((strong, dark), INK[dark])


def _within(name: str, community: str) -> str:
    """Leave out of a grid's name what its community says already: 桂花一网格 is 一网格 in 桂花社区."""
    said = community.removesuffix("社区")
    return name.removeprefix(said) or name


def _filled(figure: go.Figure, box: Box, fill: str, line: str) -> None:
    left, low, right, high = box
    figure.add_scatter(
        x=[left, right, right, left, left],
        y=[low, low, high, high, low],
        mode="lines",
        fill="toself",
        fillcolor=fill,
        line={"color": line, "width": 1},
        hoverinfo="skip",
    )
