"""Of Streamlit's Plotly a browser gets what the charts are drawn with, and all of it."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from tests.ui.test_figures import EVERY
from tests.web.conftest import open_client
from ui import figures
from web import headers, plotly

BUNDLE = next((headers.streamlit_files() / "static" / "js").glob("PlotlyChart.*.js"))


def test_every_kind_that_a_chart_is_of_is_kept() -> None:
    makes: list[Callable[[bool], Any]] = list(EVERY.values())
    drawn = [figures.columns([], {"一": []}), figures.bars([], unit="分"), *(make(False) for make in makes)]

    assert {trace.type for figure in drawn for trace in figure.data} == {"scatter", *plotly.KINDS}


def test_the_rest_is_left_out_of_the_bundle_that_is_installed() -> None:
    text = BUNDLE.read_text("utf-8")
    kept = plotly.cut(text)

    assert len(kept) < len(text) / 3
    assert kept.endswith(text[-1000:]), "what Streamlit adds stands at its end"
    assert '"lib/scattermap.js"' in text
    assert '"lib/scattermap.js"' not in kept


def test_another_bundle_is_left_as_it_is() -> None:
    text = BUNDLE.read_text("utf-8")

    assert plotly.cut("") == ""
    assert plotly.cut(text.replace('"lib/heatmap.js"', '"lib/heat.js"')) == ""
    assert plotly.cut(text.replace('"lib/index.js"', '"lib/all.js"')) == ""


def test_a_browser_asks_whether_it_is_still_the_same() -> None:
    client: TestClient = open_client()
    first = client.get(f"/static/js/{BUNDLE.name}")
    again = client.get(f"/static/js/{BUNDLE.name}", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["cache-control"] == "public, no-cache"
    assert first.text == plotly.cut(BUNDLE.read_text("utf-8"))
    assert (again.status_code, again.text) == (304, "")
    assert plotly.answer({"headers": []}, "/static/js/index.js") is None
