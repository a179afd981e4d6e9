"""CSV as it comes: UTF-8 with or without BOM, UTF-16, GB18030; comma, semicolon or tab."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from domain.errors import Refused

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")
CHUNK = 1 << 20
# What a spreadsheet would run as a formula; our own export puts an apostrophe before it.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Form:
    encoding: str
    delimiter: str
    lines: int


def sniff(stream: BinaryIO, filename: str) -> Form:
    """Find encoding and delimiter, decoding the whole file once so that no row fails later."""
    head = stream.read(4)
    known = next((name for bom, name in BOMS if head.startswith(bom)), None)
    for encoding in [known] if known else ["utf-8", "gb18030"]:
        stream.seek(0)
        try:
            sample, lines = _decode(stream, encoding)
        except UnicodeError:
            continue
        if CONTROL.search(sample):
            break
        return Form(encoding, _delimiter(sample), lines)
    raise Refused(f"「{filename}」不是表格或文字编码无法识别，请在 Excel 中另存为 .xlsx 或 UTF-8 的 CSV。")


def _decode(stream: BinaryIO, encoding: str) -> tuple[str, int]:
    decoder = codecs.getincrementaldecoder(encoding)()
    sample, lines = "", 0
    while chunk := stream.read(CHUNK):
        text = decoder.decode(chunk)
        sample = sample or text
        lines += text.count("\n")
    decoder.decode(b"", final=True)
    return sample, lines + 1


def _delimiter(sample: str) -> str:
    """Take the one that parts most of the first lines alike: a text's commas differ from line to line."""
    lines = [line for line in re.sub(r'"[^"]*"', "", sample[:50_000]).splitlines()[:50] if line]

    def alike(delimiter: str) -> tuple[int, int]:
        counts = Counter(count for line in lines if (count := line.count(delimiter)))
        return max(((times, count) for count, times in counts.items()), default=(0, 0))

    return max(",;\t", key=alike)


def rows(stream: BinaryIO, form: Form, filename: str) -> Iterator[tuple[str, ...]]:
    text = io.TextIOWrapper(stream, encoding=form.encoding, newline="")
    reader = csv.reader(text, delimiter=form.delimiter)
    try:
        for row in reader:
            yield tuple([_unguarded(cell) if cell[:1] in ("'", "=") else cell for cell in row])
    except csv.Error as error:
        raise Refused(
            f"「{filename}」第 {reader.line_num} 行附近的引号不成对，无法分列，请改正或另存为 .xlsx 再导入。"
        ) from error
    finally:
        text.detach()  # whoever opened the stream closes it, also when not all rows were asked for


def _unguarded(cell: str) -> str:
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1]  # ="00123" is how other systems keep Excel from eating the zeros
    return cell[1:] if cell[0] == "'" and cell[1:].lstrip(" ").startswith(DANGEROUS) else cell


def guarded(text: str) -> str:
    """Keep a spreadsheet from running the text as a formula."""
    return "'" + text if text.lstrip(" ").startswith(DANGEROUS) else text
