"""Figures as a table for a person and as JSON for a machine."""

import json
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil


class Figures:
    """Collects rows of one benchmark and prints each as it comes."""

    def __init__(self, name: str, now: datetime) -> None:
        self.rows: list[dict[str, Any]] = []
        self.about = {"bench": name, "at": now.isoformat(), "machine": machine()}
        print(f"{name}, {now:%Y-%m-%d}, {self.about['machine']}\n")
        print(f"{'size':<8} {'what':<44} {'value':>12} {'unit':<6} {'beside hello':>12}")

    def add(self, size: str, what: str, value: float | None, unit: str, *, hello: float | None = None) -> None:
        ratio = round(value / hello, 2) if value is not None and hello else None
        row = {"size": size, "what": what, "value": value, "unit": unit, "times_hello": ratio}
        self.rows.append(row)
        shown = "-" if value is None else f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
        print(f"{size:<8} {what:<44} {shown:>12} {unit:<6} {f'{ratio} x' if ratio else '':>12}", flush=True)

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(self.about | {"rows": self.rows}, ensure_ascii=False, indent=1), encoding="utf-8")


def machine() -> str:
    cores, memory = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    return f"{cores} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}"


def percentile(values: Iterable[float], part: float) -> float | None:
    held: Sequence[float] = sorted(values)
    return held[min(len(held) - 1, int(part * len(held)))] if held else None


def milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
