"""Looking into an XLSX before it is parsed: bombs, cells far outside, formulas without a value."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.etree import ElementTree

from domain.errors import Refused

MB = 1024 * 1024
MAX_UNPACKED = 300 * MB
MAX_RATIO = 200
MIN_FOR_RATIO = 10 * MB  # small parts may pack well
MAX_ENTRIES = 3000
MAX_CELLS = 12_000_000  # the parser holds a rectangle a sheet, some 40 bytes a cell
CHUNK = MB
UNCACHED = "公式没有保存计算结果，请在 Excel 中打开并保存，或粘贴为数值"
ERROR_CELL = "公式出错（如 #N/A、#DIV/0!），请改正"


@dataclass
class Scan:
    """What the raw XML of a sheet tells: its true size and the cells that hold no usable value."""

    width: int = 0
    height: int = 0
    broken: dict[tuple[int, int], str] = field(default_factory=dict)


def corrupt(filename: str) -> Refused:
    return Refused(f"「{filename}」读不出来，可能已损坏或设有密码，请用 Excel 打开后另存为 .xlsx 再导入。")


def scan(stream: BinaryIO, filename: str) -> dict[str, Scan]:
    """Unpack every part once in small pieces: the sizes that a zip states about itself may lie."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return _scan(archive, filename)
    except Refused:
        raise
    except Exception as error:  # zip, deflate, XML, encodings, missing parts: bad bytes fail in many ways
        raise corrupt(filename) from error


def _scan(archive: zipfile.ZipFile, filename: str) -> dict[str, Scan]:
    entries = archive.infolist()
    if not any(entry.filename.endswith("xl/workbook.xml") for entry in entries):
        raise Refused(f"「{filename}」不是 .xlsx 表格，请用 Excel 打开后另存为 .xlsx 再导入。")
    if len(entries) > MAX_ENTRIES:
        raise _bomb(filename)
    packed = sum(entry.compress_size for entry in entries)
    scans, total = {}, 0
    for entry in entries:
        scan = _SheetScan()
        for piece in _pieces(archive, entry):
            total += len(piece)
            if total > MAX_UNPACKED or total > max(MIN_FOR_RATIO, packed * MAX_RATIO):
                raise _bomb(filename)
            if "worksheets/" in entry.filename:
                scan.feed(piece)
        scans[entry.filename] = scan.finish()
    named = {name: scans[part] for name, part in _sheet_parts(archive).items() if part in scans}
    for name, found in named.items():
        if found.width * found.height > MAX_CELLS:
            raise Refused(
                f"工作表「{name}」一直用到第 {found.height} 行、第 {found.width} 列，太大了，"
                "请删去数据之后的行和列，或拆成几个文件。"
            )
    return named


def _bomb(filename: str) -> Refused:
    return Refused(f"「{filename}」解压后大得不正常，为安全起见未打开，请拆成几个文件或另存为 CSV。")


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile
    entry.file_size = MAX_UNPACKED + 1  # read on to the true end, whatever the directory says
    with archive.open(entry) as part:
        while piece := part.read(CHUNK):
            yield piece


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Map each sheet's name to its part, as the workbook's relations say."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): (r.get("Target") or "") for r in relations}
    root = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    found = {}
    for sheet in root.iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            relation = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
            target = targets.get(relation, "")
            found[sheet.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


class _SheetScan:
    """A sheet's XML in pieces, looked at with patterns: a full parse would take ten times as long."""

    def __init__(self) -> None:
        self.found = Scan()
        self.rest = b""
        self.prefix: bytes | None = None

    def feed(self, piece: bytes) -> None:
        data = self.rest + piece
        if self.prefix is None:
            start = re.search(rb"<(\w+:)?sheetData", data)
            if not start:
                self.rest = data
                return
            self._compile(start[1] or b"")
        end = data.rfind(self.cell_start)
        if end > 0:
            self._look(data[:end])
            data = data[end:]
        self.rest = data

    def finish(self) -> Scan:
        if self.prefix is not None:
            self._look(self.rest)
        self.rest = b""
        return self.found

    def _compile(self, prefix: bytes) -> None:
        # some libraries write every tag with a prefix: <x:c r="A1">
        self.prefix = prefix
        p = re.escape(prefix)
        cell = rb"<" + p + rb"c\s[^>]*?\br=[\"']([A-Za-z]{1,3})(\d{1,7})[\"']"
        self.cell_start = b"<" + prefix + b"c "
        self.filled = re.compile(cell + rb"[^>]*(?<!/)>\s*<" + p + rb"(?:f|v|is)\b")
        self.uncached = re.compile(
            cell + rb"([^>]*)(?<!/)>\s*<" + p + rb"f\b[^>]*(?:/>|>[^<]*</" + p + rb"f>)\s*"
            rb"(?:<" + p + rb"v\s*/>|<" + p + rb"v\s*>\s*</|</" + p + rb"c>)"
        )
        self.failed = re.compile(cell + rb"[^>]*\bt=[\"']e[\"']")

    def _look(self, data: bytes) -> None:
        filled = self.filled.findall(data)
        if not filled:
            return
        columns, rows = zip(*filled, strict=True)
        self.found.width = max(self.found.width, *map(_column, set(columns)))
        self.found.height = max(self.found.height, *map(int, set(rows)))
        if b"f>" in data:
            for match in self.uncached.finditer(data):
                # t="str" with an empty value is a formula whose result is the empty text
                if b't="str"' not in match[3]:
                    self._break(match, UNCACHED)
        for match in self.failed.finditer(data) if b't="e"' in data else ():
            self._break(match, ERROR_CELL)

    def _break(self, match: re.Match[bytes], reason: str) -> None:
        self.found.broken[int(match[2]) - 1, _column(match[1]) - 1] = reason


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
