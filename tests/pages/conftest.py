"""Pages through Streamlit itself, as one of the cast, at a fixed hour, on a real database."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest

import db
from db.models import SessionRow
from domain import clock
from domain.ids import new_id
from pages import _session
from tests.builders import NOW, World

SHELL = Path(__file__).parents[2] / "pages" / "_shell.py"
LATER = NOW + timedelta(hours=1)
Visit = Callable[..., AppTest]


@pytest.fixture(autouse=True, scope="session")
def scanned_once() -> Iterator[None]:
    """Let each AppTest know the installed components of the first: to look for them is half of a test's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def visit(world: World, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Open a page as one of the cast, with a session of their own in the database."""
    real_now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: LATER)

    def open_page(who: str, page: str = "tickets", **query: str) -> AppTest:
        token = f"token-{who}-{new_id()}"
        db.run(_log_in, token=token, user_id=getattr(world, who).user_id, at=real_now)
        monkeypatch.setattr(_session, "token", lambda: token)
        at = AppTest.from_file(SHELL, default_timeout=20)
        at.switch_page(str(SHELL.with_name(f"{page}.py")))
        for name, value in query.items():
            at.query_params[name] = value
        return at.run()

    return open_page


def _log_in(tx: Session, *, token: str, user_id: UUID, at: Any) -> None:
    digest = hashlib.sha256(token.encode()).digest()
    tx.add(
        SessionRow(
            id=new_id(),
            token_sha256=digest,
            user_id=user_id,
            created_at=at,
            seen_at=at,
            expires_at=at + timedelta(days=1),
        )
    )


def drawn(at: AppTest) -> str:
    """Give the HTML that the page's components were fed with."""
    fed = (_fed(e) for e in at.get("bidi_component"))
    return "".join(one.get("html", "") for one in fed if isinstance(one, dict))


def _fed(element: Any) -> Any:
    return json.loads(element.proto.bytes or element.proto.json)


def told(at: AppTest, name: str, key: str = "board") -> Any:
    """Give one part of what the component with this key was fed with."""
    return _fed(_component(at, key))[name]


def send(at: AppTest, event: str, value: Any, key: str = "board") -> AppTest:
    """Send back what the browser would: AppTest itself knows no components."""
    states = at._tree.get_widget_states()
    name = _make_trigger_id(_component(at, key).proto.id, "events")
    states.widgets.add(id=name, json_trigger_value=json.dumps([{"event": event, "value": value}]))
    return at._run(states)


def _component(at: AppTest, key: str) -> Any:
    (found,) = [e for e in at.get("bidi_component") if e.proto.id.endswith(f"-{key}")]
    return found


def page_html(at: AppTest) -> str:
    """Give what the page says through st.html."""
    return "".join(e.proto.body for e in at.get("html"))


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def press(at: AppTest, label: str) -> AppTest:
    found = [button for button in at.button if button.label == label]
    assert found, f"no button {label} among {labels(at)}"
    return found[0].click().run()


def field(at: AppTest, label: str) -> Any:
    """Find the one input with this label."""
    inputs = [*at.text_input, *at.text_area, *at.selectbox, *at.button_group, *at.checkbox]
    (found,) = [e for e in inputs if e.label == label]
    return found
