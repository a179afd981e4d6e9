"""What a browser fetches once: the scripts and styles of a component, as one module of its own name.

Inline they would travel with every run, once for the figures and once for the board. A component's own files
would need a package with a manifest, so `web/sent.py` answers for them and a few inline lines fetch them.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

_BOARD = Path(__file__).parent
_CARE = _BOARD.parent / "care"
_SCRIPTS = tuple(_BOARD / name for name in ("board.js", "moves.js", "live.js"))  # written to be one module


@dataclass(frozen=True)
class Sent:
    """One module: what draws by default, and `styles`."""

    name: str  # with a digest of what it says: it never changes, so it may lie in a cache for ever
    body: bytes

    @property
    def script(self) -> str:
        """Give the inline lines that fetch it."""
        return (_BOARD / "sent.js").read_text(encoding="utf-8").replace("NAME", self.name)


def _sent(what: str, *styles: Path) -> Sent:
    css = json.dumps(_joined(*styles), ensure_ascii=False)
    return named(what, f"{_joined(*_SCRIPTS)}\nexport const styles = {css};\n".encode())


def named(what: str, body: bytes) -> Sent:
    return Sent(f"{what}-{hashlib.sha256(body).hexdigest()[:16]}.js", body)


def _joined(*files: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


BOARD = _sent("board", *(_BOARD / name for name in ("board.css", "calendar.css", "live.css")))
CARE = _sent("care", _BOARD / "board.css", _BOARD / "live.css", _CARE / "care.css")
