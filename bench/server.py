"""The application under test in a process of its own: the product, and a hello page that users never get.

python -m bench.server DATA_DIR PORT
"""

import sys
from pathlib import Path

import settings
import web
from pages import _bar
from settings import Settings

HELLO = Path(__file__).parent / "hello.py"


def main(folder: str, port: str) -> None:
    # a backup of ten million tickets would be measured along, and fill the disk
    settings.use(Settings(data_dir=Path(folder), port=int(port), worker="off"))
    gate = web.middleware
    web.middleware = lambda pages=None: gate((*(pages or ()), "hello"))
    _bar.FILES["hello"] = str(HELLO)
    _bar._PAGES = (*_bar._PAGES, ("hello", "hello", "me"))  # type: ignore[assignment]
    import app  # not before: it asks for the gate at once

    app.app.run(config={"server.address": "127.0.0.1", "server.port": int(port), "logger.hideWelcomeMessage": True})


if __name__ == "__main__":
    main(*sys.argv[1:3])
