"""Append-only rows outlive an erasure: no name, number or typed word may get into them."""

import db
from db import people
from db.models.append_only import APPEND_ONLY
from domain.ids import new_key
from domain.people import Purpose
from domain.tickets import Action, Status
from tests.builders import NOW, World, report
from tests.db.acting import at, do
from tests.db.checks import dump, row_of

SECRETS = {
    "reporter_name": "欧阳翡翠",
    "reporter_phone": "13987654321",
    "title": "隔壁的秘密标题",
    "address": "秘密地址九号楼",
    "description": "秘密的详细情况",
}


def test_no_typed_word_gets_into_a_row_that_stays(any_world: World) -> None:
    world, secret = any_world, "备注里的秘密"
    ticket = report(world, **SECRETS)
    person = row_of(ticket.id).reporter_id
    assert person
    call = {"purpose": Purpose.CONTACT, "ticket_id": ticket.id, "key": new_key(), "now": NOW}
    db.run(people.reveal, actor=world.coordinator, person_id=person, **call)  # type: ignore[arg-type]
    edited = {"title": SECRETS["title"] + "改", "address": SECRETS["address"], "description": secret, "note": secret}
    ticket = do(world, Action.EDIT, ticket, **edited)
    ticket = do(world, Action.COMMENT, ticket, note=secret)
    for action in (Action.ACCEPT, Action.DISPATCH, Action.CLAIM, Action.CONTACT, Action.RESOLVE, Action.CLOSE):
        ticket = do(world, action, ticket, **({"note": secret} if action is Action.RESOLVE else {}))
    do(world, Action.REOPEN, ticket, note=secret)
    do(world, Action.CANCEL, at(world, Status.ACCEPTED), note=secret)

    held = dump()

    kept = "\n".join(row for table in (*APPEND_ONLY, "command_key") for row in held[table])
    assert kept.count("\n") > 20
    for planted in (*SECRETS.values(), secret, "欧阳", "秘密"):
        assert planted not in kept
        assert planted.encode("unicode_escape").decode() not in kept  # as JSON may write it


def test_names_and_numbers_stand_in_no_table_readably(any_world: World) -> None:
    report(any_world, **SECRETS)

    everything = "\n".join(row for rows in dump().values() for row in rows)

    assert SECRETS["title"] in everything
    assert SECRETS["reporter_name"] not in everything
    assert SECRETS["reporter_phone"] not in everything
