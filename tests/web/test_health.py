"""What a monitor asks."""

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

import db
from db import engine


def test_a_ready_server_says_so(client: TestClient) -> None:
    assert (client.get("/healthz").text, client.get("/readyz").text) == ("ok", "ok")


def test_an_old_schema_is_not_ready(client: TestClient) -> None:
    db.run(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = 'older'")))

    answer = client.get("/readyz")

    assert (answer.status_code, answer.text) == (503, "schema")
    assert client.get("/healthz").status_code == 200


def test_a_database_out_of_reach_is_not_ready(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_session: object) -> bool:
        raise OSError("no route")

    monkeypatch.setattr(engine, "ping", gone)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.text) == (503, "database")
