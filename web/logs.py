"""The log: JSON lines of ids and codes. Never a name, phone, text, query string or token."""

import contextlib
import json
import logging
import re
import secrets
import traceback
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LOGGER = logging.getLogger("linli")
_BYTES, _KEPT = 5_000_000, 10
# all that a line may say: a field that is not here is dropped, whoever hands it in
_FIELDS = ("request_id", "user_id", "method", "path", "status", "ms", "error", "at")
_WORD = re.compile(r"[a-z][a-z_.-]{0,30}")
_TOKENS_FOLLOW = frozenset({"r", "t", "h", "media", "screen"})


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment, "level": record.levelname, "event": record.msg}
        fields = getattr(record, "fields", {})
        line |= {name: fields[name] for name in _FIELDS if fields.get(name) is not None}
        return json.dumps(line, ensure_ascii=False)


def configure(folder: Path) -> None:
    """Write to `linli.log` in this folder from now on; the old files rotate away."""
    folder.mkdir(parents=True, exist_ok=True)
    close()
    file = RotatingFileHandler(folder / "linli.log", maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
    file.setFormatter(JsonLines())
    LOGGER.addHandler(file)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    # its lines carry the exception's own words, which may be a resident's
    logging.getLogger("streamlit.error_util").disabled = True
    logging.getLogger("uvicorn.access").disabled = True


def close() -> None:
    for handler in LOGGER.handlers[:]:
        LOGGER.removeHandler(handler)
        handler.close()


def write(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    with contextlib.suppress(OSError):  # a full disk must not take the page down as well
        LOGGER.log(level, event, extra={"fields": fields})


def new_number() -> str:
    """Make the number that a person reads out and an administrator looks up in the log."""
    return secrets.token_hex(4).upper()


def failure(error: BaseException, number: str, **fields: Any) -> None:
    """Log an error by its kind and its places in the code; its message may quote what people typed."""
    places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    write(
        "error",
        level=logging.ERROR,
        request_id=number,
        error=type(error).__name__,
        at=" < ".join(reversed(places[-8:])),
        **fields,
    )


def safe_path(path: str) -> str:
    """Keep plain words only: what follows may be a token, an id, or a name typed by hand."""
    kept: list[str] = []
    for part in path.strip("/").split("/"):
        if not _WORD.fullmatch(part) or (kept and kept[0] in _TOKENS_FOLLOW):
            return "/" + "/".join([*kept, "…"]) if part else "/"
        kept.append(part)
    return "/" + "/".join(kept)
