"""What the board's component fetches once, instead of with every run."""

import json

import pytest
from starlette.testclient import TestClient

from ui.board.sent import BOARD, CARE, Sent


@pytest.mark.parametrize("sent", [BOARD, CARE], ids=["board", "care"])
def test_it_is_one_module_that_may_be_kept_for_ever(client: TestClient, sent: Sent) -> None:
    answer = client.get(f"/sent/{sent.name}")

    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert "export default function" in answer.text
    assert ".linli" in json.loads(answer.text.rpartition("export const styles = ")[2].rstrip(";\n"))


def test_another_name_is_not_found(client: TestClient) -> None:
    answer = client.get("/sent/board-of-yesterday.js")

    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_what_travels_with_a_message_is_a_few_lines_that_name_it() -> None:
    assert BOARD.name in BOARD.script
    assert len(BOARD.script.encode()) < 2000
