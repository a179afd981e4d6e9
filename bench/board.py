"""`python run.py bench board`: the board at ten thousand, one million and ten million tickets."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import browser, flood, open_boards, queries, reruns, running
from bench.tables import Figures
from domain.clock import now
from domain.errors import Refused


def run(
    sizes: Sequence[str],
    boards: Sequence[int],
    *,
    data: Path | None = None,
    json: Path | None = None,
    in_browser: bool = True,
) -> None:
    """Measure each size; with `data`, the folders in it named by size are used and kept."""
    if unknown := [size for size in sizes if size not in running.SIZES]:
        raise Refused(f"没有这种规模：{'、'.join(unknown)}，可选：{'、'.join(running.SIZES)}。")
    figures = Figures("board", now())
    with ExitStack() as kept:
        parent = data or Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="linli-bench-")))
        for size in sizes:
            try:
                _size(figures, parent / size, size, boards if size == sizes[-1] else (), in_browser=in_browser)
            finally:  # hours of measuring are not lost to what breaks last
                if json:
                    figures.write(json)


def _size(figures: Figures, folder: Path, size: str, boards: Sequence[int], *, in_browser: bool) -> None:
    running.use(folder, size)
    token, actor = running.enter()
    queries.measure(figures, size, actor)
    with running.serving(folder) as server:
        running.tell_start(figures, size, server)
        reruns.measure(figures, size, server, token, actor=actor)
        if in_browser:
            browser.measure(figures, size, server, token, actor)
    for number in boards:  # each on a fresh server: memory is not given back
        with running.serving(folder) as server:
            open_boards.measure(figures, size, server, actor, number)
    if boards:
        with running.serving(folder) as server:
            flood.measure(figures, size, server, actor)
    queries.commands(figures, size, actor)
