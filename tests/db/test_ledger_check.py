"""What fsck must name in the ledger. Each fault is made by raw SQL, past the triggers, as a forger would."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import db
import db.engine
from db import awards, fsck, ledger, ledger_check, shop
from tests.builders import NOW, World
from tests.db.earning import confirmed, give, item, person, redeem, step


def found() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


@pytest.fixture
def used(any_world: World) -> World:
    """Award, hold, capture, release, reverse: ten transactions in all, one order still waiting."""
    who, soap = person(any_world), item(any_world)
    done = give(any_world, who, 3)
    step(shop.fulfil, redeem(any_world, who, soap), any_world.colleague)
    step(shop.cancel, redeem(any_world, who, soap), any_world.colleague)
    step(awards.void, done[0], any_world.secretary, reason="不实")
    redeem(any_world, who, soap)
    return any_world


def after(*statements: str) -> list[str]:
    """Say what is named once this was written past the triggers; then undo it."""
    with db.engine.get().connect() as connection:
        for table in ("ledger_txn", "ledger_transfer"):
            on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
            for event in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER {table}_no_{event}{on}"))
        for statement in statements:
            assert connection.execute(text(statement)).rowcount > 0
        named = list(ledger_check.problems(Session(connection)))
        connection.rollback()
    return named


def test_a_ledger_in_use_has_nothing_wrong(used: World) -> None:
    assert found() == []


DAMAGES = [
    ("UPDATE ledger_transfer SET amount = amount + 1 WHERE seq = 4", "第 4 笔的内容与校验值不符"),
    ("UPDATE ledger_transfer SET from_balance = 7 WHERE seq = 6 AND line_no = 1", "第 6 笔的内容与校验值不符"),
    ("UPDATE ledger_txn SET kind = 'damage' WHERE seq = 3", "第 3 笔的内容与校验值不符"),
    ("UPDATE ledger_txn SET actor_id = NULL WHERE seq = 2", "第 2 笔的内容与校验值不符"),
    ("UPDATE ledger_txn SET posted_at = '2026-01-01 00:00:00+00:00' WHERE seq = 2", "第 2 笔的内容与校验值不符"),
    ("UPDATE ledger_txn SET prev_hash = 'x' WHERE seq = 5", "第 5 笔与上一笔不相连"),
    ("UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'available'", "（可用积分）记着余额"),
    ("UPDATE ledger_account SET version = version + 1 WHERE kind = 'hours_world'", "（时长来源）记着余额 0、1 次"),
    ("UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'shelf'", "（货架）记着余额"),
    ("UPDATE point_lot SET remaining = remaining - 1 WHERE remaining > 1", "的批次"),
    ("UPDATE point_lot SET original = original + 1", "的批次"),
    ("UPDATE point_lot SET expires_on = '2099-12-31'", "的到期日是 2099-12-31，按流水最晚 2027-12-31"),
    ("UPDATE point_lot SET earned_txn = (SELECT id FROM ledger_txn WHERE seq = 1)", "的账户或来历与流水不符"),
    ("UPDATE ledger_head SET seq = seq - 1", "的末尾应是第 10 笔，记着第 9 笔"),
    ("UPDATE ledger_head SET hash = 'x'", "有记录被删除或改动"),
    ("UPDATE points_stat SET value = value + 1 WHERE kind = 'award'", "月度合计 2026-11 服务奖励（PT）记着 61"),
    ("DELETE FROM points_stat WHERE kind = 'capture'", "记着 0，按流水应为 -10"),
    ("UPDATE redemption SET state = 'cancelled' WHERE state = 'reserved'", "（冻结积分）是 10，待领取的兑换单"),
    ("UPDATE redemption SET quantity = 2 WHERE state = 'fulfilled'", "（已领走）是 1，已领取的兑换单合计是 2"),
    ("UPDATE service_record SET minutes = 9 WHERE state = 'confirmed'", "（服务时长）是 0，已入账的服务记录"),
    ("UPDATE service_record SET points_tenths = 99 WHERE state = 'confirmed'", "（积分发行）是 -40，已入账"),
    ("DELETE FROM ledger_transfer WHERE seq = 10", "第 10 笔的内容与校验值不符"),
]


def test_what_was_changed_behind_the_programs_back_is_named(used: World) -> None:
    for sql, named in DAMAGES:
        lines = after(sql)

        assert lines, sql
        assert named in lines[0], (sql, lines)


def test_the_last_transaction_taken_away_is_named(used: World) -> None:
    named = after("DELETE FROM ledger_transfer WHERE seq = 10", "DELETE FROM ledger_txn WHERE seq = 10")

    assert "的末尾应是第 9 笔，记着第 10 笔" in named[0]


def test_a_gap_is_named(world: World) -> None:
    item(world)
    give(world, person(world))
    named = after("DELETE FROM ledger_transfer WHERE seq = 1", "DELETE FROM ledger_txn WHERE seq = 1")

    assert "第 2 笔之前缺了第 1 笔" in named[0]


def test_a_tail_cut_off_with_everything_made_to_fit_meets_the_anchor(world: World) -> None:
    who = person(world)
    confirmed(world, who)
    seq, digest = db.read(ledger.heads)[world.community]
    confirmed(world, who, now=NOW + timedelta(hours=2))
    later = db.read(ledger.heads)[world.community]

    assert db.read(ledger_check.check_anchor, world.community, seq, digest) is None
    assert "与留存的校验值不符" in str(db.read(ledger_check.check_anchor, world.community, seq, "x"))
    assert "缺了留存过的第 3 笔" in str(db.read(ledger_check.check_anchor, world.community, later[0] + 1, "x"))
