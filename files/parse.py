"""From a file to rows: which sheets, which header, which column is what; then one row after the other."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from pydantic import ValidationError

from domain.errors import Refused
from files import headers
from files.headers import Header
from files.mapping import EXTRA, Column, guess, letter_of, plain
from files.mapping import Mapping as ColumnMapping
from files.reading import Cell, Sheet, Source, open_table
from files.rows import ImportRow, as_text, identity, one_line

SHOWN = 80
NO_WORDS = "「{}」里没有找到标题或内容这样的列，请指定哪一列是标题、哪一列是内容。"


@dataclass(frozen=True)
class RowProblem:
    """Why a row stays out, at one cell: Excel's row number (from 1) and column letter."""

    sheet: str
    row: int
    column: str  # "C"; empty when it concerns the whole row
    header: str
    value_shown: str
    reason: str


@dataclass(frozen=True)
class Record:
    sheet: str
    row: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class GoodRow(Record):
    value: ImportRow


@dataclass(frozen=True)
class BadRow(Record):
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True)
class Used:
    sheet: Sheet
    header: Header


@dataclass(frozen=True)
class LeftOut:
    sheet: str
    reason: str


class UnknownHeader(Refused):
    """No column names a title or a content; `candidates` is the likely header, for a mapping by hand."""

    def __init__(self, message: str, candidates: Sequence[str]) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


@dataclass(frozen=True)
class Parsed:
    """A file understood but not yet read through. `skipped` fills while `rows()` runs."""

    filename: str
    used: tuple[Used, ...]
    left_out: tuple[LeftOut, ...]
    mapping: ColumnMapping
    skipped: dict[str, int] = field(default_factory=dict)  # 空行, 合计, 表头, 落款 → how many

    @property
    def labels(self) -> tuple[str, ...]:
        return self.used[0].header.labels

    @property
    def about(self) -> int:
        """Say how many rows there are at most, for a progress bar."""
        return sum(max(used.sheet.height - used.header.data_from, 0) for used in self.used)

    def rows(self) -> Iterator[GoodRow | BadRow]:
        """Read the file from its start; every record once, good or bad, in the file's order."""
        self.skipped.clear()
        seen: dict[bytes, str] = {}  # which record → where it was first
        for used in self.used:
            for number, cells in self._records(used):
                row = self._row(used.sheet, number, cells)
                yield self._once(row, seen) if isinstance(row, GoodRow) else row

    def preview(self, count: int = 20) -> list[GoodRow | BadRow]:
        return list(islice(self.rows(), count))

    def remapped(self, overrides: Mapping[str, str], kept: Mapping[str, str] | None = None) -> "Parsed":
        """Give the same file with its columns understood otherwise, without opening it again."""
        header = self.used[0].header
        mapping = guess(header.labels, _applicable(kept or {}, overrides, header))
        if not {"title", "description"} & mapping.targets.keys():
            raise UnknownHeader(NO_WORDS.format(self.filename), [label for label in header.labels if label])
        return replace(self, mapping=mapping, skipped={})

    def refuse(self, row: GoodRow, target: str, reason: str) -> BadRow:
        """Turn a row away after all, for a reason that only the database knows."""
        column = self.mapping.targets.get(target)
        return BadRow(row.sheet, row.row, row.cells, (self._problem(row, column, reason),))

    def _records(self, used: Used) -> Iterator[tuple[int, tuple[Cell, ...]]]:
        for index, cells in enumerate(headers.filled(used.sheet)):
            if index < used.header.data_from:
                continue
            if kind := headers.no_data(cells, used.header):
                # a sheet's formatted but empty tail is no news
                self.skipped[kind] = self.skipped.get(kind, 0) + 1
            else:
                yield index + 1, cells

    def _row(self, sheet: Sheet, number: int, cells: tuple[Cell, ...]) -> GoodRow | BadRow:
        place = Record(sheet.name, number, cells)
        problems = [
            self._problem(place, column, sheet.broken[number - 1, column.index])
            for column in self.mapping.columns
            if column.target and (number - 1, column.index) in sheet.broken
        ] + self._overflow(sheet, place)
        context: set[str | None] = set()
        try:
            value = ImportRow.model_validate(self._values(cells), context=context)
        except ValidationError as error:
            problems += [self._fault(place, fault) for fault in error.errors(include_url=False)]
        if problems:
            return BadRow(sheet.name, number, cells, tuple(problems))
        return GoodRow(sheet.name, number, cells, value)

    def _values(self, cells: tuple[Cell, ...]) -> dict[str, object]:
        values: dict[str, object] = {}
        extra = {}
        for column in self.mapping.columns:
            cell = cells[column.index] if column.index < len(cells) else ""
            if cell == "" or column.ignored:
                continue
            if column.target:
                values[column.target] = cell
            elif text := one_line(cell) if not isinstance(cell, str) else cell.strip():
                extra[column.header] = text
        for index in self._headless(cells):
            extra[f"{letter_of(index)} 列"] = as_text(cells[index]).strip()
        return values | {"extra": extra}

    def _headless(self, cells: tuple[Cell, ...]) -> list[int]:
        labels = self.labels
        return [i for i, cell in enumerate(cells) if cell != "" and (i >= len(labels) or not labels[i])]

    def _overflow(self, sheet: Sheet, row: Record) -> list[RowProblem]:
        """A CSV row longer than its header has a comma that nobody quoted: its columns can't be trusted."""
        if not sheet.delimited or not any(i >= len(self.labels) for i in self._headless(row.cells)):
            return []
        reason = f"这一行有 {len(row.cells)} 列，比表头多，可能是内容里的分隔符没有加引号"
        return [self._problem(row, None, reason)]

    def _fault(self, row: Record, fault: Mapping) -> RowProblem:  # type: ignore[type-arg]
        error = fault.get("ctx", {}).get("error")
        target = fault["loc"][0] if fault["loc"] else getattr(error, "field", "")
        reason = str(error) if isinstance(error, ValueError) else "内容读不懂，请核对"
        return self._problem(row, self.mapping.targets.get(str(target)), reason)

    def _problem(self, row: Record, column: Column | None, reason: str) -> RowProblem:
        if column is None:
            return RowProblem(row.sheet, row.row, "", "", "", reason)
        cell = row.cells[column.index] if column.index < len(row.cells) else ""
        shown = one_line(cell)[:SHOWN]
        return RowProblem(row.sheet, row.row, column.letter, column.header, shown, reason)

    def _once(self, row: GoodRow, seen: dict[bytes, str]) -> GoodRow | BadRow:
        key = hashlib.sha256(identity(row.value)).digest()
        if key not in seen:
            seen[key] = f"「{row.sheet}」第 {row.row} 行" if len(self.used) > 1 else f"第 {row.row} 行"
            return row
        if row.value.external_id:
            return self.refuse(row, "external_id", f"编号与{seen[key]}重复，只导入了前一行")
        return self.refuse(row, "title", f"没有编号，内容又与{seen[key]}相同，只导入了前一行")


def parse(
    source: Source,
    *,
    filename: str,
    overrides: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
) -> Parsed:
    """Open the file and understand its header; refuse with a sentence when there is nothing to import.

    `overrides` (header → field) must fit the file; `kept`, the mapping of an earlier file, applies where it can.
    """
    asked = frozenset(map(plain, {**(kept or {}), **(overrides or {})}))
    sheets = open_table(source, filename=filename)
    found = [(sheet, headers.find(sheet, asked)) for sheet in sheets]
    main = _main(found)
    if main is None:
        raise _unknown(sheets, filename)
    mapping = guess(main.labels, _applicable(kept or {}, overrides or {}, main))
    if not {"title", "description"} & mapping.targets.keys():
        raise _unknown(sheets, filename, main)
    used, left_out = _sorted_out(found, main)
    parsed = Parsed(filename, used, left_out, mapping)
    if not any(True for one in used for _ in parsed._records(one)):
        raise Refused(f"「{filename}」只有表头，没有数据行。")
    parsed.skipped.clear()
    return parsed


def _applicable(kept: Mapping[str, str], overrides: Mapping[str, str], header: Header) -> dict[str, str]:
    wanted = set(overrides.values()) - {EXTRA}
    named = set(map(plain, overrides))
    fitting = {
        label: target
        for label, target in kept.items()
        if label in header.labels and target not in wanted and plain(label) not in named
    }
    return fitting | dict(overrides)


def _main(found: Sequence[tuple[Sheet, Header | None]]) -> Header | None:
    visible = [header for sheet, header in found if header and not sheet.hidden]
    return max(visible, key=lambda header: header.hits, default=None)


def _sorted_out(
    found: Sequence[tuple[Sheet, Header | None]], main: Header
) -> tuple[tuple[Used, ...], tuple[LeftOut, ...]]:
    used, left_out = [], []
    for sheet, header in found:
        if sheet.hidden:
            left_out.append(LeftOut(sheet.name, "隐藏的工作表"))
        elif header is None:
            left_out.append(LeftOut(sheet.name, "没有找到表头" if sheet.height else "空工作表"))
        elif header.labels != main.labels:
            left_out.append(LeftOut(sheet.name, "表头与其他工作表不同，请单独导入"))
        else:
            used.append(Used(sheet, header))
    return tuple(used), tuple(left_out)


def _unknown(sheets: Sequence[Sheet], filename: str, header: Header | None = None) -> Refused:
    if not any(sheet.height for sheet in sheets):
        return Refused(f"「{filename}」里没有内容，请选择有数据的表格。")
    labels = [label for label in header.labels if label] if header else max(map(headers.likely, sheets), key=len)
    return UnknownHeader(NO_WORDS.format(filename), list(filter(None, labels)))
