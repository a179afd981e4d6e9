"""The photos' address: for those who may see the ticket a JPEG, for everybody else nothing is there."""

from pathlib import Path
from uuid import UUID

import pytest

import db
from db import accounts, attachments, blobs
from domain.access import Role
from domain.clock import now
from domain.due import Matter
from domain.ids import new_id, new_key
from domain.pictures import SMALL_SIDE_MAX
from domain.tickets import PhotoStage, Ticket
from files import pictures
from tests.builders import World, report, step
from tests.pictures import drawn, encoded, opened
from tests.web.conftest import PASSWORD, TestClient, log_in, open_client

AS_IMAGE = {"accept": "image/avif,image/webp,*/*;q=0.8", "sec-fetch-dest": "image"}


def photo_of(world: World, ticket: Ticket) -> UUID:
    """Put a photo on this ticket and give its id."""
    kept = pictures.keep(encoded(drawn(800, 600)))
    step(attachments.add, ticket, world.coordinator, stage=PhotoStage.BEFORE, pictures=[kept])
    (photo,) = db.read(attachments.shown, actor=world.coordinator, ticket_id=ticket.id)
    return photo.id


def digest(world: World, photo: UUID) -> str:
    return db.read(attachments.digest_for, actor=world.coordinator, attachment_id=photo)


def log_in_as(world: World, role: Role, area: UUID) -> TestClient:
    """Make somebody with this role there, and log them in."""
    login = f"mou-{new_id().hex[-8:]}"
    call = {"login": login, "name": "某人", "password": PASSWORD, "must_change": False, "grants": [(role, area)]}
    db.run(accounts.create_user, actor=world.admin, key=new_key(), now=now(), **call)
    client = open_client()
    assert log_in(client, login).status_code == 303
    return client


def test_a_photo_and_its_thumbnail_are_jpegs_that_nothing_keeps(linfang: World, logged_in: TestClient) -> None:
    photo = photo_of(linfang, report(linfang))

    large = logged_in.get(f"/pictures/{photo}", headers=AS_IMAGE)
    small = logged_in.get(f"/pictures/{photo}/small", headers=AS_IMAGE)

    assert (large.status_code, small.status_code) == (200, 200)
    assert opened(large.content).size == (800, 600)
    assert max(opened(small.content).size) == SMALL_SIDE_MAX
    for answer in (large, small):
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"] == "inline"


def test_a_photo_opened_in_a_tab_of_its_own_is_shown(linfang: World, logged_in: TestClient) -> None:
    photo = photo_of(linfang, report(linfang))

    answer = logged_in.get(f"/pictures/{photo}", headers={"accept": "text/html", "sec-fetch-dest": "document"})

    assert answer.headers["content-type"] == "image/jpeg"


def test_without_a_login_there_is_no_photo(linfang: World, client: TestClient) -> None:
    photo = photo_of(linfang, report(linfang))

    assert client.get(f"/pictures/{photo}/small", headers=AS_IMAGE).status_code == 401
    assert client.get(f"/pictures/{photo}").headers["location"].startswith("/login?next=")
    assert client.post(f"/pictures/{photo}").status_code == 401


@pytest.mark.parametrize(
    ("role", "where", "status"),
    [
        (Role.COORDINATOR, "community", 200),
        (Role.LEADER, "street", 200),
        (Role.GRID_WORKER, "grid", 200),
        (Role.GRID_WORKER, "other_grid", 404),
        (Role.COORDINATOR, "other_community", 404),
        (Role.VOLUNTEER, "community", 404),
        (Role.ADMIN, "street", 404),
    ],
)
def test_who_sees_the_ticket_sees_its_photo(linfang: World, role: Role, where: str, status: int) -> None:
    photo = photo_of(linfang, report(linfang))
    client = log_in_as(linfang, role, getattr(linfang, where))

    answers = [client.get(f"/pictures/{photo}{rest}", headers=AS_IMAGE) for rest in ("", "/small")]

    assert [answer.status_code for answer in answers] == [status, status]


def test_a_photo_of_a_private_matter_is_there_for_the_office_only(linfang: World) -> None:
    photo = photo_of(linfang, report(linfang, matter=Matter.PRIVATE))

    office = log_in_as(linfang, Role.SECRETARY, linfang.community)
    worker = log_in_as(linfang, Role.GRID_WORKER, linfang.grid)

    assert office.get(f"/pictures/{photo}").status_code == 200
    assert worker.get(f"/pictures/{photo}").status_code == 404


def test_everything_that_is_not_there_answers_alike(linfang: World, logged_in: TestClient) -> None:
    ticket = report(linfang)
    gone, broken = photo_of(linfang, ticket), photo_of(linfang, report(linfang, area_id=linfang.community))
    call = {"attachment_id": gone, "reason": "拍错了", "expected_version": 2}
    step(attachments.remove, ticket, linfang.coordinator, **call)
    sha256 = digest(linfang, broken)
    (blobs.folder() / blobs.name_of(sha256)).write_bytes(b"<script>alert(1)</script>")

    ids = [gone, broken, new_id(), ticket.id, "1", sha256, "..%2f..%2flinli.sqlite3", "%00", "照片"]
    answers = [logged_in.get(f"/pictures/{one}", headers=AS_IMAGE) for one in ids]

    told = {(answer.status_code, answer.content) for answer in answers if answer.status_code != 400}
    assert len(told) == 1
    assert {answer.status_code for answer in answers} <= {400, 404}  # 400: the gate's word for a twisted path


def test_the_log_says_neither_which_photo_nor_whose(linfang: World, logged_in: TestClient, log_file: Path) -> None:
    photo = photo_of(linfang, report(linfang))

    logged_in.get(f"/pictures/{photo}", headers=AS_IMAGE)

    written = log_file.read_text("utf-8")
    assert "/pictures/…" in written
    assert str(photo) not in written and photo.hex not in written
