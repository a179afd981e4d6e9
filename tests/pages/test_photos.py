"""Photos in the drawer: seen, added, refused with everything left in place, and taken off."""

import re
from typing import Any

from sqlalchemy import select

import db
from db import attachments, tickets
from db.models import TicketRow
from db.ticket_events import load
from domain.due import Matter
from domain.pictures import Photo
from domain.tickets import PhotoStage, Status, Ticket
from files import pictures
from tests.builders import World, assigned, report, step
from tests.db.acting import at as brought
from tests.pages.conftest import Visit, field, labels, page_html, press
from tests.pictures import drawn, encoded, with_exif
from ui.text import escape_md


def photos(world: World, ticket: Ticket) -> tuple[Photo, ...]:
    return db.read(attachments.shown, actor=world.coordinator, ticket_id=ticket.id)


def everything(world: World) -> list[Ticket]:
    ids = db.read(lambda session: list(session.scalars(select(TicketRow.id))))
    return [db.read(load, actor=world.coordinator, ticket_id=one) for one in ids]


def with_photo(world: World, ticket: Ticket, stage: PhotoStage = PhotoStage.BEFORE) -> Ticket:
    kept = [pictures.keep(encoded(drawn()))]
    return step(attachments.add, ticket, world.coordinator, stage=stage, pictures=kept)


def choose(at: Any, *bodies: bytes) -> Any:
    """Choose these files, as a person does before pressing the form's button."""
    files = [(f"IMG_{number}.jpg", body, "image/jpeg") for number, body in enumerate(bodies)]
    at.file_uploader[0].set_value(files)
    return at


def test_a_ticket_without_photos_offers_to_add_some(world: World, visit: Visit) -> None:
    at = visit("coordinator", ticket=str(report(world).id))

    assert not at.exception
    assert "保存照片" in labels(at)
    assert "删除这张照片" not in labels(at)
    assert "<img" not in page_html(at)


def test_several_photos_are_added_at_once_and_shown_before_and_after(world: World, visit: Visit) -> None:
    ticket = with_photo(world, assigned(world))

    at = visit("coordinator", ticket=str(ticket.id))
    at = press(choose(at, with_exif(), encoded(kind="PNG")), "保存照片")

    assert [photo.stage.value for photo in photos(world, ticket)] == ["before", "after", "after"]
    html = page_html(at)
    assert re.findall(r"<h3>(处理.)（(\d)）", html) == [("处理前", "1"), ("处理后", "2")]
    assert 'alt="处理后照片 2，11月20日 11:00"' in html
    for photo in photos(world, ticket):
        assert f'<a href="/pictures/{photo.id.hex}" target="_blank"' in html
        assert f'src="/pictures/{photo.id.hex}/small"' in html
    assert "处理后：添加 2 张" in html


def test_photos_come_with_a_new_report_in_the_same_click(world: World, visit: Visit) -> None:
    at = choose(visit("coordinator", new="1"), encoded(drawn()), encoded(drawn()))
    field(at, "什么事").set_value("路灯歪了")

    press(at, "登记")

    assert "照片 2 张" in at.toast[0].value
    (ticket,) = everything(world)
    assert [photo.stage for photo in photos(world, ticket)] == [PhotoStage.BEFORE] * 2


def test_a_report_stands_although_its_photo_is_refused(world: World, visit: Visit) -> None:
    at = choose(visit("coordinator", new="1"), b"no picture")
    field(at, "什么事").set_value("路灯歪了")

    press(at, "登记")

    assert "已登记，编号 E0001，但照片没有存上" in at.toast[0].value
    (ticket,) = everything(world)
    assert photos(world, ticket) == ()


def test_one_bad_file_of_several_is_named_and_none_is_saved(world: World, visit: Visit) -> None:
    ticket = report(world)

    at = visit("coordinator", ticket=str(ticket.id))
    at = press(choose(at, encoded(), b"<html>"), "保存照片")

    assert [error.value for error in at.error] == [escape_md("IMG_1.jpg：这不是 JPG、PNG 或 WebP 照片，请换一张。")]
    assert photos(world, ticket) == ()


def test_saving_without_a_photo_says_what_is_missing(world: World, visit: Visit) -> None:
    at = press(visit("coordinator", ticket=str(report(world).id)), "保存照片")

    assert [error.value for error in at.error] == ["请先选照片。"]


def test_the_work_is_done_with_its_photo_in_one_form(world: World, visit: Visit) -> None:
    ticket = assigned(world)
    at = press(visit("coordinator", ticket=str(ticket.id)), "处理完成")
    field(at, "怎么处理的（居民回访时会听到）").set_value("换了灯管")

    press(choose(at, encoded()), "确定处理完成")

    assert [photo.stage for photo in photos(world, ticket)] == [PhotoStage.AFTER]
    assert db.read(load, world.coordinator, ticket.id).status is Status.RESOLVED


def test_a_wrong_photo_is_taken_off_with_a_reason(world: World, visit: Visit) -> None:
    ticket = with_photo(world, report(world))

    at = press(visit("coordinator", ticket=str(ticket.id)), "删除这张照片")
    assert [error.value for error in at.error] == ["请写明为什么删除这张照片。"]
    field(at, "为什么删除（会记录）").set_value("拍到了别人家")
    at = press(at, "删除这张照片")

    assert photos(world, ticket) == ()
    assert "处理前：删除 1 张" in page_html(at)
    assert "拍到了别人家" in page_html(at)


def test_who_may_only_look_has_no_buttons_for_it(world: World, visit: Visit) -> None:
    ticket = with_photo(world, report(world))

    for who in ("leader", "building_head"):
        at = visit(who, ticket=str(ticket.id))
        assert "<img" in page_html(at)
        assert not {"保存照片", "删除这张照片"} & set(labels(at))


def test_a_closed_ticket_shows_its_photos_and_takes_no_more(world: World, visit: Visit) -> None:
    ticket = with_photo(world, brought(world, Status.RESOLVED), PhotoStage.AFTER)
    ticket = step(tickets.close, ticket, world.colleague)

    at = visit("coordinator", ticket=str(ticket.id))

    assert "<img" in page_html(at)
    assert "保存照片" not in labels(at)
    assert "删除这张照片" in labels(at)


def test_a_hidden_private_matter_shows_no_photo(world: World, visit: Visit) -> None:
    ticket = with_photo(world, report(world, matter=Matter.PRIVATE))

    at = visit("leader", ticket=str(ticket.id))

    assert "这是一件私事" in at.info[0].value
    assert "/pictures/" not in page_html(at)
