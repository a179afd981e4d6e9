"""Personal fields lie sealed: nobody reads them out of a stolen file, or with another key."""

import json
from pathlib import Path

import pytest

import db.engine
import settings
from db import crypto
from db.crypto import KeyProblem
from settings import Settings
from tests.builders import World, report


@pytest.mark.parametrize("text", ["张三", "13800001234", "a", "长" * 4000, "💡\n\t", "\x00"])
def test_what_is_sealed_is_unsealed_as_it_was(db_sqlite: Settings, text: str) -> None:
    sealed = crypto.seal(text)

    assert sealed
    assert text.encode() not in sealed or len(text) == 1
    assert crypto.unseal(sealed) == text


def test_nothing_stays_nothing(db_sqlite: Settings) -> None:
    assert (crypto.seal(""), crypto.unseal(None), crypto.unseal(b""), crypto.mac("")) == (None, "", "", None)


def test_one_text_sealed_twice_shows_no_likeness_but_has_one_digest(db_sqlite: Settings) -> None:
    assert crypto.seal("张三") != crypto.seal("张三")
    assert crypto.mac("张三") == crypto.mac("张三") != crypto.mac("张四")


def test_another_key_file_is_refused(db_sqlite: Settings, tmp_path: Path) -> None:
    sealed = crypto.seal("张三")
    other = tmp_path / "other.key"
    crypto.make_key_file(other)

    with pytest.raises(KeyProblem, match="请换回这份数据所用的密钥文件"):
        crypto.unseal(sealed, crypto.Keys(other))


@pytest.mark.parametrize("place", [0, 1, 3, 10, -1])
def test_a_value_that_was_tampered_with_is_refused(db_sqlite: Settings, place: int) -> None:
    sealed = bytearray(crypto.seal("张三") or b"")
    sealed[place] ^= 1

    with pytest.raises(KeyProblem):
        crypto.unseal(bytes(sealed))


@pytest.mark.parametrize("value", [b"\x02k1", b"\xffk1", b"\x02\xff\xff", b"k"])
def test_a_value_of_another_make_is_refused(db_sqlite: Settings, value: bytes) -> None:
    with pytest.raises(KeyProblem):
        crypto.unseal(value)


def test_a_missing_key_file_is_named(db_sqlite: Settings) -> None:
    db_sqlite.key_path.unlink()

    with pytest.raises(KeyProblem, match=r"linli-data\.key.*请从保管处取回"):
        crypto.keys()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"current": "k1", "keys": {"k1": "x"}, "mac": "x"}', "钥匙"])
def test_a_broken_key_file_is_named(db_sqlite: Settings, content: str) -> None:
    db_sqlite.key_path.write_text(content, encoding="utf-8")

    with pytest.raises(KeyProblem, match="打不开或内容不对"):
        crypto.keys()


def test_a_key_file_is_for_its_owner_only_and_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "new" / "keys"
    crypto.make_key_file(file)

    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        crypto.make_key_file(file)


def test_old_values_are_read_after_a_new_key_has_come(db_sqlite: Settings, tmp_path: Path) -> None:
    sealed = crypto.seal("张三")
    held = json.loads(db_sqlite.key_path.read_text("ascii"))
    other = tmp_path / "other.key"
    crypto.make_key_file(other)
    held["keys"]["k2"], held["current"] = json.loads(other.read_text("ascii"))["keys"]["k1"], "k2"
    other.write_text(json.dumps(held), encoding="ascii")

    keys = crypto.Keys(other)

    assert crypto.unseal(sealed, keys) == "张三"
    assert (crypto.seal("张三", keys) or b"")[1:3] == b"k2"


def test_the_file_holds_no_name_and_no_phone(world: World) -> None:
    report(world, reporter_name="欧阳翡翠", reporter_phone="13987654321", title="标题可以在文件里")
    db.engine.dispose()

    folder = settings.current().data_dir
    held = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())

    assert "标题可以在文件里".encode() in held
    for secret in ("欧阳翡翠", "13987654321"):
        for spelled in (secret.encode(), secret.encode("utf-16-le"), secret.encode("gb18030")):
            assert spelled not in held
