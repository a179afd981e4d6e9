"""Where a sheet's header is (below titles, one row or two, merged cells) and which rows are no data."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from files.mapping import plain, target_of
from files.reading import Cell, Sheet

LOOK_AT = 30
LABEL_MAX = 100
TOTAL = re.compile(r"(本页|本月|全部|总)?(合计|总计|小计|累计|共计|总数|平均)([:：].*|\d.*)?|(grand)?(sub)?total", re.I)
SIGNED = re.compile(r"(制表|填表|审核|制单|统计|打印|导出|填报|负责)(人|日期|时间|单位)?\s*[:：]")


@dataclass(frozen=True)
class Header:
    first_row: int  # from 0
    depth: int  # rows it takes
    labels: tuple[str, ...]  # one a column, unique; "" for a column without a header
    hits: int  # labels that name a field

    @property
    def data_from(self) -> int:
        return self.first_row + self.depth


def label_text(value: Cell) -> str:
    return " ".join(str(value).split()).strip("\u200b\ufeff")


def find(sheet: Sheet, asked: Container[str] = ()) -> Header | None:
    """Pick the row, or two rows, with the most words that name a field; those in `asked` count too."""
    top = _top(sheet)
    best: tuple[tuple[int, int, int], Header] | None = None
    for at in range(len(top)):
        for depth in (1, 2):
            header = _header(sheet, top, at, depth, asked)
            if header and (best is None or _worth(header, top) > best[0]):
                best = (_worth(header, top), header)
    return best[1] if best and best[1].hits else None


def likely(sheet: Sheet) -> tuple[str, ...]:
    """Give the row that a person would take for the header when no word is known: to be mapped by hand."""
    rows = [[label_text(cell) for cell in row if isinstance(cell, str)] for row in _top(sheet)]
    full = [tuple(text for text in row if text) for row in rows]
    return max(full, key=len, default=())


def _top(sheet: Sheet) -> list[list[Cell]]:
    return [list(row) for row in islice(filled(sheet, across=True), LOOK_AT)]


def _worth(header: Header, top: Sequence[Sequence[Cell]]) -> tuple[int, int, int]:
    """Order candidates: more known words; then two real header rows before one; then the upper."""
    above = {text for cell in top[header.first_row] if (text := label_text(cell))}
    joined = header.depth == 2 and len(above) >= 2 and not any(re.search("[:：]", text) for text in above)
    plain_one = header.depth == 1
    return header.hits, 2 if joined else int(plain_one), -header.first_row


def _header(sheet: Sheet, top: Sequence[Sequence[Cell]], at: int, depth: int, asked: Container[str]) -> Header | None:
    rows = top[at : at + depth]
    if len(rows) < depth or not all(_wordy(row) for row in rows):
        return None
    parts = [[label_text(cell) for cell in row] for row in rows]
    if depth == 2 and not any(text and target_of(text) for text in parts[1]):
        return None  # a record below a header of one row
    labels = _joined(parts, sheet, at) if depth == 2 else parts[0]
    hits = [hit for label in labels if label and (hit := _hit(label, asked))]
    return Header(at, depth, _unique(labels), len(set(hits)))


def _wordy(row: Sequence[Cell]) -> bool:
    """Tell whether a row may be a header: words for the most part, none as long as a text."""
    cells = [cell for cell in row if cell != ""]
    words = [cell for cell in cells if isinstance(cell, str)]
    return len(words) * 2 > len(cells) and all(len(word) <= LABEL_MAX for word in words)


def _hit(label: str, asked: Container[str]) -> str | None:
    if plain(label) in asked:
        return label
    hit = target_of(label)
    return hit[0] if hit else None


def _joined(parts: list[list[str]], sheet: Sheet, at: int) -> list[str]:
    """Join parent and child as "父/子"; without merged cells a parent reaches right to the next one."""
    parents, children = parts
    merged = any(first == at and last_col > col for first, col, _, last_col in sheet.merged)
    width = max(len(parents), len(children))
    parents += [""] * (width - len(parents))
    children += [""] * (width - len(children))
    above, labels = "", []
    for parent, child in zip(parents, children, strict=True):
        above = parent if parent or merged else above
        if parent and not child:
            above = ""
            labels.append(parent)
        else:
            labels.append(f"{above}/{child}" if above and child and above != child else child)
    return labels


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    """Tell equal headers apart by a number, so that no column hides another."""
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(f"{label} ({seen[label]})" if label and seen[label] > 1 else label)
    return tuple(result)


def filled(sheet: Sheet, *, across: bool = False) -> Iterator[tuple[Cell, ...]]:
    """Give the rows, merged cells filled downwards and with `across` to the right (a header's parents)."""
    if not sheet.merged:
        yield from sheet.rows
        return
    starts: dict[int, list[tuple[int, int, int, int]]] = {}
    for area in sheet.merged:
        starts.setdefault(area[0], []).append(area)
    open_until: dict[int, tuple[int, Cell]] = {}
    for number, row in enumerate(sheet.rows):
        cells = list(row)
        for first, column, last, last_column in starts.get(number, ()):
            value = cells[column] if column < len(cells) else ""
            if last > first:
                open_until[column] = (last, value)
            # a merge over the whole width is a title, one over a part is a header's parent
            if across and last_column - column < len(cells) - 1:
                cells[column : last_column + 1] = [value] * (last_column + 1 - column)
        for column, (last, value) in list(open_until.items()):
            if column < len(cells) and cells[column] == "":
                cells[column] = value
            if number >= last:
                del open_until[column]
        yield tuple(cells)


def no_data(row: Sequence[Cell], header: Header) -> str | None:
    """Name what a row is when it holds no record: 空行, 合计, 表头, 落款."""
    first = next((text for cell in row if cell != "" and (text := label_text(cell))), None)
    if first is None:
        return "空行"
    if TOTAL.fullmatch(first.replace(" ", "").replace("\u3000", "")):
        return "合计"
    if SIGNED.match(first) and len({cell for cell in row if cell != ""}) <= 3:
        return "落款"
    if first in header.labels and header.labels[: len(row)] == tuple(map(label_text, row)):
        return "表头"
    return None
