"""The ASGI application: Streamlit's script, the HTTP routes, the gate, and what runs beside them.

`python run.py` serves it after making everything ready; `streamlit run app.py` and
`uvicorn app:app --ws websockets-sansio` work as well.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

import settings
import web
from db import engine
from demo import tour
from demo.starting import get_ready
from domain.clock import now
from jobs.worker import Worker
from web import logs, memory

PAGES = ("tickets", "points", "checkins", "charts", "wall", "me", "import", "settings")


@asynccontextmanager
async def life(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Make the database ready, warm up, and keep the worker going until the end."""
    logs.configure(settings.current().data_dir / "logs")
    # `run.py serve` has done this already; `streamlit run app.py` on a new folder has not
    first = await asyncio.to_thread(get_ready, now=now(), tell=partial(print, flush=True))
    if first:
        print(f"管理员账号 {first.login}，初始密码 {first.password}（只显示这一次，登录后请修改）")  # noqa: T201
    await asyncio.to_thread(web.warm_up)
    _freeze()
    small = asyncio.create_task(memory.give_back())
    worker = Worker() if settings.current().worker == "on" else None
    if worker:
        worker.start()
    try:
        yield {}
    finally:
        small.cancel()
        if worker:
            await asyncio.to_thread(worker.stop)
        engine.dispose()


def _freeze() -> None:
    """Import what the pages need, then take it out of the collector's sight: each costs every run."""
    import pandas  # noqa: F401

    from ui import figures_beside, figures_places  # noqa: F401  # with Plotly

    gc.collect()
    gc.freeze()


def on_script_error(error: Exception) -> bool:
    """Show a sentence with a number in place of the traceback, which the log keeps."""
    st.error(web.script_error_text(error))
    return True


app = st.App(
    str(Path(__file__).parent / "pages" / "_shell.py"),
    routes=web.routes(play=tour.play),
    middleware=web.middleware(PAGES),
    lifespan=life,
    on_script_error=on_script_error,
    exception_handlers=web.handlers(),
)

if __name__ == "__main__":
    app.run(config={"server.address": settings.current().host, "server.port": settings.current().port})
