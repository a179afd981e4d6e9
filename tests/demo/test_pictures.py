"""The demo's photos: few, small, drawn, and on the tickets that everybody opens first."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import db
import demo
import settings
from db import blobs, fsck
from db.models import AttachmentRow, TicketRow
from demo import pictures
from files.pictures import re_encode
from tests.demo.conftest import NOW, copy_of


def photographed(session: Session) -> list[tuple[str, str]]:
    query = select(TicketRow.title, AttachmentRow.stage).join(TicketRow, TicketRow.id == AttachmentRow.ticket_id)
    return sorted((title, stage) for title, stage in session.execute(query))


@pytest.mark.slow
def test_a_few_tickets_of_the_demo_have_photos_whose_bytes_are_there(template: Path, tmp_path: Path) -> None:
    copy_of(template, tmp_path)

    demo.generate(now=NOW)

    assert db.read(photographed) == [
        ("单元门禁失灵，老人进不去", "before"),
        ("楼道堆物，消防通道被占", "before"),
        ("楼道堆物，消防通道被占", "before"),
        ("消防车道划线", "after"),
        ("消防车道划线", "before"),
    ]
    held = [blobs.read(blob.sha256) for blob in blobs.listed()]
    assert len(held) == 5
    assert sum(map(len, held)) < 150_000
    assert db.read(lambda session: list(fsck.everything(session))) == []
    db.engine.dispose()


def test_every_scene_is_drawn_the_same_each_time(tmp_path: Path) -> None:
    settings.use(settings.Settings(data_dir=tmp_path))

    first = [pictures.keep(name) for name in pictures._SCENES]

    assert [pictures.keep(name) for name in pictures._SCENES] == first
    assert all((re_encode(blobs.read(one.sha256)).width, one.height) == (800, 600) for one in first)
