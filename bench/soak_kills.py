"""Workers of 平安守望 killed again and again while a city's windows run out: on a database and with a robot of its own.

`python run.py soak checkins --kills N`. Needs the development environment; touches no data of the installation.
"""

import settings
from bench.soak_points import fresh
from tests import gateway as gateways
from tests.db import care_kill_harness
from tests.postgres import serve

CITY = 1160  # elders of a real town, all due within a minute
KILLS_A_MINUTE = 170  # about, on two idle cores


def run(kills: int, *, postgres: bool) -> int:
    """Print what was seen; give 0 if nobody was missed, and nobody told more than once again.

    A city's windows run out in each minute that the killing takes.
    """
    if postgres:
        with serve() as server:
            return _play(server, kills)
    return _play(None, kills)


def _play(server: str | None, kills: int) -> int:
    minutes = max(1, round(kills / KILLS_A_MINUTE))
    count, over_seconds = CITY * minutes, 60.0 * minutes
    with fresh(server) as (folder, world), gateways.serve() as gateway:
        url = settings.current().url if server else None
        limits = {"kills": kills, "count": count, "over_seconds": over_seconds}
        seen = care_kill_harness.play(folder, world, gateway, **limits, url=url)  # type: ignore[arg-type]
    engine = "PostgreSQL" if server else "SQLite"
    print("\n".join([f"checkins, workers killed on {engine}", seen.told(), *seen.faults[:20]]), flush=True)
    return 1 if seen.faults else 0
