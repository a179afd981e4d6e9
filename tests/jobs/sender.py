"""A sender in a process of its own, to be killed: python -m tests.jobs.sender DATA_DIR SECONDS_AHEAD"""

import sys
import time
from datetime import timedelta
from pathlib import Path

import settings
from jobs.sending import Sending
from settings import Settings
from tests.builders import NOW


def main(folder: str, ahead: str) -> None:
    settings.use(Settings(data_dir=Path(folder)))
    started = time.monotonic()
    sending = Sending(lambda: NOW + timedelta(seconds=float(ahead) + time.monotonic() - started))
    while True:
        if not sending.look(sending.clock()):
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:3])
