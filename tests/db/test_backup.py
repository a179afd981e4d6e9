"""Backup and restore: there and back, and everything that must be refused with nothing changed."""

import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

import db
import db.engine
import settings
from db import backup, blobs, crypto, fsck, pg_tools, restoring, schema, setup
from db.crypto import KeyProblem
from domain.errors import Refused
from settings import Settings
from tests.builders import NOW, World, assigned, report
from tests.conftest import finish
from tests.postgres import fresh_database

LATER = NOW + timedelta(hours=1)
PICTURE = f"blobs/{blobs.name_of(hashlib.sha256(b'picture').hexdigest())}"


def titles() -> list[str]:
    with db.engine.get().connect() as connection:
        return list(connection.execute(text("SELECT title FROM ticket ORDER BY number")).scalars())


def problems() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


@pytest.fixture
def saved(world: World, tmp_path: Path) -> Path:
    """A backup of one ticket and one picture; another of each came after it."""
    blobs.put(b"picture")
    assigned(world, title="楼道灯坏了")
    backup.write(tmp_path / "linli.zip", now=NOW)
    report(world, title="后来的事")
    blobs.put(b"later picture")
    return tmp_path / "linli.zip"


def rewritten(file: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The same zip with members changed, or left out."""
    made = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if (body := change(name, old.read(name))) is not None:
                new.writestr(name, body)
    return made


def signed(file: Path, **changes: object) -> Path:
    """The same backup by somebody who has the keys and says something else in the manifest."""

    def change(name: str, body: bytes) -> bytes:
        if name != "manifest.json":
            return body
        told = {**json.loads(body), **changes}
        told.pop("mac")
        return json.dumps({**told, "mac": backup.mac_of(backup.Manifest(**told))}).encode()

    return rewritten(file, change)


def test_a_restored_backup_is_what_it_was_and_passes_fsck(saved: Path) -> None:
    restored = restoring.restore(saved, now=LATER)

    assert titles() == ["楼道灯坏了"]
    assert problems() == []
    assert restored.target == str(settings.current().real_file)
    assert [blobs.read(blob.sha256) for blob in blobs.listed()] == [b"picture"]


def test_what_a_restore_replaces_is_set_aside_whole(saved: Path) -> None:
    restored = restoring.restore(saved, now=LATER)

    aside = settings.current().data_dir / "linli.before-restore-20261120-110000.sqlite3"
    assert restored.set_aside == aside
    with sqlite3.connect(aside) as connection:
        assert connection.execute("SELECT count(*) FROM ticket").fetchone() == (2,)
    connection.close()
    pictures = settings.current().data_dir / "blobs" / "linli.before-restore-20261120-110000"
    assert sum(path.is_file() for path in pictures.rglob("*")) == 2


def test_the_manifest_says_what_is_in_the_backup_and_the_keys_are_not(saved: Path) -> None:
    manifest = restoring.check(saved)

    assert (manifest.engine, manifest.demo, manifest.schema) == ("sqlite", False, schema.head())
    assert manifest.counts["ticket"] == 1
    assert set(manifest.members) == {"database.sqlite3", PICTURE}
    key = settings.current().key_path.read_bytes()
    with zipfile.ZipFile(saved) as archive:
        held = json.loads(key)
        for name in archive.namelist():
            body = archive.read(name)
            assert held["mac"].encode() not in body
            assert held["keys"]["k1"].encode() not in body


def test_a_backup_is_readable_by_its_owner_alone(saved: Path) -> None:
    assert saved.stat().st_mode & 0o077 == 0


def test_a_backup_restores_into_an_empty_folder_with_its_key(saved: Path, tmp_path: Path) -> None:
    shutil.copy(settings.current().key_path, tmp_path / "elsewhere.key")
    db.engine.dispose()
    settings.use(Settings(data_dir=tmp_path / "elsewhere"))

    restoring.restore(saved, now=LATER)

    setup.prepare(now=LATER)
    assert titles() == ["楼道灯坏了"]
    assert [blobs.read(blob.sha256) for blob in blobs.listed()] == [b"picture"]


def test_without_a_key_file_a_restore_says_which_one_it_needs(saved: Path, tmp_path: Path) -> None:
    settings.use(Settings(data_dir=tmp_path / "elsewhere"))

    with pytest.raises(KeyProblem, match=r"找不到密钥文件 .*elsewhere.key.*制作这份备份时的密钥文件"):
        restoring.restore(saved, now=LATER)

    assert not settings.current().real_file.exists()


def test_a_wrong_key_is_refused_and_nothing_changes(saved: Path) -> None:
    path = settings.current().key_path
    path.unlink()
    crypto.make_key_file(path)

    with pytest.raises(KeyProblem, match="密钥不匹配：这份备份要用编号 "):
        restoring.restore(saved, now=LATER)

    assert titles() == ["楼道灯坏了", "后来的事"]


def _flip(name: str, body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1]) if name == PICTURE else body


def _recount(name: str, body: bytes) -> bytes:
    return body.replace(b'"ticket":1', b'"ticket":2') if name == "manifest.json" else body


def _leave_out(name: str, body: bytes) -> bytes | None:
    return None if name == PICTURE else body


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_flip, f"{PICTURE} 已损坏或被改动过"),
        (_recount, "备份清单被改动过"),
        (_leave_out, "备份里的文件与清单不一致"),
        (lambda name, body: b"{}" if name == "manifest.json" else body, "这不是本程序的备份文件"),
        (lambda name, body: None if name == "manifest.json" else body, "这不是本程序的备份文件"),
    ],
    ids=["member", "manifest", "missing", "empty-manifest", "no-manifest"],
)
def test_a_tampered_backup_is_refused_and_nothing_changes(
    saved: Path, change: Callable[[str, bytes], bytes | None], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        restoring.restore(rewritten(saved, change), now=LATER)

    assert titles() == ["楼道灯坏了", "后来的事"]
    assert list(settings.current().data_dir.glob("*before-restore*")) == []
    assert list(settings.current().data_dir.glob(".restore-*")) == []


@pytest.mark.parametrize("keep", [0, 10, 4000], ids=["empty", "header", "half"])
def test_a_cut_backup_is_refused(saved: Path, keep: int) -> None:
    saved.write_bytes(saved.read_bytes()[:keep])

    with pytest.raises(Refused, match="已损坏或不是本程序的备份文件"):
        restoring.restore(saved, now=LATER)


def test_a_file_that_is_not_there_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="找不到备份文件"):
        restoring.check(tmp_path / "none.zip")


def test_a_backup_of_a_newer_program_is_refused(saved: Path) -> None:
    with pytest.raises(Refused, match="请先升级程序"):
        restoring.restore(signed(saved, schema="9999"), now=LATER)


def test_a_backup_of_the_other_engine_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pg_tools, "listing", lambda _file: None)

    with pytest.raises(Refused, match="这是 postgresql 的备份"):
        restoring.restore(signed(saved, engine="postgresql"), now=LATER)


def test_a_backup_with_a_forged_event_is_refused(world: World, tmp_path: Path) -> None:
    report(world)
    with db.engine.get().begin() as connection:
        connection.execute(text("DROP TRIGGER ticket_event_no_update"))
        connection.execute(text("UPDATE ticket_event SET actor_id = NULL"))
    backup.write(tmp_path / "forged.zip", now=NOW)

    with pytest.raises(Refused, match=r"备份里的数据有错.*ticket_event_no_update"):
        restoring.check(tmp_path / "forged.zip")


def test_a_database_that_a_program_has_open_is_not_replaced(saved: Path) -> None:
    other = db.engine.make(settings.current().url)
    with other.connect() as connection:  # another process, between two commands
        connection.execute(text("SELECT count(*) FROM ticket"))
        connection.commit()

        with pytest.raises(Refused, match="程序正在使用"):
            restoring.restore(saved, now=LATER)

    other.dispose()
    assert titles() == ["楼道灯坏了", "后来的事"]


def test_a_damaged_database_is_no_reason_to_refuse_its_backup(saved: Path) -> None:
    db.engine.dispose()
    settings.current().real_file.write_bytes(b"nothing that SQLite knows" * 100)

    restoring.restore(saved, now=LATER)

    assert titles() == ["楼道灯坏了"]


def test_a_demo_backup_goes_to_the_demo_file(db_sqlite: Settings, tmp_path: Path) -> None:
    db.engine.dispose()
    db_sqlite.real_file.rename(db_sqlite.demo_file)
    backup.write(tmp_path / "demo.zip", now=NOW)

    restored = restoring.restore(tmp_path / "demo.zip", now=LATER)

    assert restored.manifest.demo
    assert restored.target == str(db_sqlite.demo_file)


def test_a_demo_backup_does_not_go_over_real_data(db_sqlite: Settings, tmp_path: Path) -> None:
    db.engine.dispose()
    db_sqlite.real_file.rename(db_sqlite.demo_file)
    backup.write(tmp_path / "demo.zip", now=NOW)
    db.engine.dispose()
    shutil.copy(db_sqlite.demo_file, db_sqlite.real_file)

    with pytest.raises(Refused, match="这是演示数据的备份"):
        restoring.restore(tmp_path / "demo.zip", now=LATER)


def failing_move(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A disk that is full when this comes to be put in place."""
    moves = shutil.move

    def move(source: Path, target: Path) -> None:
        if target.name == name:
            raise OSError(28, "No space left on device")
        moves(source, target)

    monkeypatch.setattr(shutil, "move", move)


@pytest.mark.parametrize("name", ["linli", "linli.sqlite3"], ids=["photos", "database"])
def test_a_restore_that_breaks_off_has_changed_nothing(saved: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_move(monkeypatch, name)

    with pytest.raises(Refused, match=r"没有恢复成.*数据没有改动"):
        restoring.restore(saved, now=LATER)

    assert titles() == ["楼道灯坏了", "后来的事"]
    assert sorted(blobs.read(blob.sha256) for blob in blobs.listed()) == [b"later picture", b"picture"]
    assert list(settings.current().data_dir.rglob("*before-restore*")) == []


def test_what_cannot_be_put_back_is_told_with_its_place(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_move(monkeypatch, "linli.sqlite3")
    rename = Path.rename

    def one_way(self: Path, target: Path) -> Path:
        if "before-restore" in self.name:
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", one_way)

    with pytest.raises(
        Refused, match=r"原有数据也没能放回.*linli\.before-restore-20261120-110000\.sqlite3 要改回"
    ) as told:
        restoring.restore(saved, now=LATER)

    assert "没有改动" not in told.value.message


def test_a_backup_that_cannot_be_written_says_so_and_leaves_nothing(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Refused, match="备份没有写成"):
        backup.write(tmp_path / "file" / "linli.zip", now=NOW)


def test_a_backup_that_would_fill_the_disk_is_refused_before_it_begins(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(free: float) -> None:
        told = shutil._ntuple_diskusage(10**9, 10**9, int(free))
        monkeypatch.setattr(shutil, "disk_usage", lambda _: told)

    def refused() -> None:
        with pytest.raises(Refused, match="磁盘只剩 0"):
            backup.write(tmp_path / "to" / "linli.zip", now=NOW)
        assert not list((tmp_path / "to").iterdir())

    left(1000)
    refused()
    finish()
    enough = 1.5 * Path(str(db.engine.get().url.database)).stat().st_size + 1000
    left(enough)
    db.run(lambda tx: tx.execute(text("CREATE TABLE in_the_log AS SELECT zeroblob(100000)")))
    refused()
    left(enough + 300_000)
    blobs.put(bytes(400_000))
    refused()
    left(enough + 700_000)
    backup.write(tmp_path / "to" / "linli.zip", now=NOW)


def test_a_backup_removes_what_a_killed_one_left_the_day_before(world: World, tmp_path: Path) -> None:
    for name, age in ((".backup-old", timedelta(days=2)), (".backup-now", timedelta(minutes=5))):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, ((NOW - age).timestamp(),) * 2)

    backup.write(tmp_path / "linli.zip", now=NOW)

    assert [folder.name for folder in tmp_path.glob(".backup-*")] == [".backup-now"]


def test_pruning_keeps_the_fourteen_youngest_nights_and_all_others(world: World) -> None:
    folder = backup.nightly_folder()
    folder.mkdir()
    for day in range(1, 21):
        (folder / f"nightly-202611{day:02}.zip").touch()
    (folder / "before-migration-20260101-000000.zip").touch()

    backup.prune()

    left = sorted(path.name for path in folder.iterdir())
    assert left == ["before-migration-20260101-000000.zip", *(f"nightly-202611{day:02}.zip" for day in range(7, 21))]


def test_a_database_of_an_older_program_is_backed_up_before_it_is_migrated(world: World) -> None:
    with db.engine.get().begin() as connection:
        command.downgrade(schema.config(connection), "0008")

    setup.prepare(now=NOW)

    (made,) = backup.nightly_folder().iterdir()
    assert made.name == "before-migration-20261120-100000.zip"
    with zipfile.ZipFile(made) as archive:
        assert json.loads(archive.read(backup.MANIFEST))["schema"] == "0008"


def test_a_database_of_a_newer_program_is_refused_as_it_is(world: World) -> None:
    with db.engine.get().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Refused, match="数据库由更新版本的程序建立"):
        setup.prepare(now=NOW)

    assert not backup.nightly_folder().exists()


@pytest.mark.pg
def test_a_postgresql_backup_restores_into_an_empty_database_only(
    db_postgres_once: Settings, postgres_url: str, tmp_path: Path
) -> None:
    from tests.builders import make_world

    assigned(make_world(), title="楼道灯坏了")
    manifest = backup.write(tmp_path / "pg.zip", now=NOW)
    assert (manifest.engine, manifest.counts["ticket"]) == ("postgresql", 1)

    with pytest.raises(Refused, match="只能恢复到空数据库"):
        restoring.restore(tmp_path / "pg.zip", now=LATER)
    with fresh_database(postgres_url) as url:
        settings.use(Settings(data_dir=db_postgres_once.data_dir, database_url=url))
        restoring.restore(tmp_path / "pg.zip", now=LATER)
        assert titles() == ["楼道灯坏了"]
        assert problems() == []
        db.engine.dispose()


@pytest.mark.pg
@pytest.mark.parametrize("step", ["photos", "database"])
def test_a_postgresql_restore_that_breaks_off_has_changed_nothing(
    db_postgres_once: Settings, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def refused(_url: str, _file: Path) -> None:
        raise Refused("pg_restore 没有成功")

    blobs.put(b"picture")
    backup.write(tmp_path / "pg.zip", now=NOW)
    blobs.put(b"later picture")
    with fresh_database(postgres_url) as url:
        settings.use(Settings(data_dir=db_postgres_once.data_dir, database_url=url))
        if step == "photos":
            failing_move(monkeypatch, "postgresql")
        else:
            monkeypatch.setattr(pg_tools, "load", refused)

        with pytest.raises(Refused, match=r"没有恢复成.*数据没有改动|pg_restore 没有成功"):
            restoring.restore(tmp_path / "pg.zip", now=LATER)

        with db.engine.get().connect() as connection:
            assert schema.is_empty(connection)
        assert sorted(blobs.read(blob.sha256) for blob in blobs.listed()) == [b"later picture", b"picture"]
        db.engine.dispose()


@pytest.mark.pg
def test_a_cut_postgresql_dump_is_refused(db_postgres_once: Settings, tmp_path: Path) -> None:
    file = tmp_path / "database.pgdump"
    file.write_bytes(b"PGDMP")

    with pytest.raises(Refused, match="pg_restore 没有成功"):
        pg_tools.listing(file)


def test_a_missing_pg_dump_is_a_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_more: None)

    with pytest.raises(Refused, match="找不到 pg_restore，请先安装 PostgreSQL 的客户端工具"):
        pg_tools.listing(Path("any"))


def test_the_password_of_a_server_is_in_no_argument() -> None:
    with pg_tools._address("postgresql+psycopg://linli:s%3Aecret@db.example:5433/linli?sslmode=require") as address:
        assert "ecret" not in address
        assert address.startswith("postgresql://linli@db.example:5433/linli?passfile=")


def test_the_commands_to_restore_name_a_folder_that_is_not_the_usual_one(
    db_sqlite: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = settings.current()
    assert f'restore 备份文件.zip --data "{held.data_dir}"' in restoring.restore_commands()

    usual = held.model_copy(update={"data_dir": type(held).model_fields["data_dir"].default})
    monkeypatch.setattr(settings, "current", lambda: usual)
    assert restoring.restore_commands() == "python run.py restore 备份文件.zip\npython run.py"
