"""Every environment variable is read loudly: a wrong value is an error that names it."""

from pathlib import Path

import pytest

import settings
from settings import Settings


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other tests have put in force, and put it back afterwards."""
    monkeypatch.setattr(settings, "_current", [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINLI_PORT", "八五〇一"),
        ("LINLI_PORT", "-1"),
        ("LINLI_PORT", "65536"),
        ("LINLI_SERIALIZABLE", "perhaps"),
        ("LINLI_DEMO_LAN", "2"),
        ("LINLI_IDLE_HOURS", "0"),
        ("LINLI_IDLE_HOURS", "nan"),
        ("LINLI_IDLE_HOURS", "inf"),
        ("LINLI_SESSION_DAYS", "-7"),
        ("LINLI_SESSION_DAYS", "week"),
        ("LINLI_DATABASE_URL", "mysql://linli@db/linli"),
        ("LINLI_DATABASE_URL", "db.example"),
        ("LINLI_PUBLIC_URL", "linli.example"),
        ("LINLI_TRUSTED_PROXIES", "10.0.0.1, proxy"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValueError, match=f"^{name}: "):
        settings.current()


def test_several_wrong_values_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_PORT", "x")
    monkeypatch.setenv("LINLI_IDLE_HOURS", "x")

    with pytest.raises(ValueError, match=r"LINLI_PORT: .*; LINLI_IDLE_HOURS: "):
        settings.current()


def test_an_error_does_not_show_the_password_in_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_DATABASE_URL", "mysql://linli:geheim@db/linli")

    with pytest.raises(ValueError, match="LINLI_DATABASE_URL") as caught:
        settings.current()

    assert "geheim" not in str(caught.value)
    with pytest.raises(ValueError, match="database_url") as direct:
        Settings()
    assert "geheim" not in str(direct.value)


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("LINLI_PORT", "9000", "port", 9000),
        ("LINLI_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("LINLI_DATA_DIR", "kept", "data_dir", Path("kept")),
        ("LINLI_KEY_FILE", "safe/keys", "key_path", Path("safe/keys")),
        ("LINLI_SERIALIZABLE", "true", "serializable", True),
        ("LINLI_IDLE_HOURS", "0.5", "idle_hours", 0.5),
        ("LINLI_SESSION_DAYS", "1", "session_days", 1),
        ("LINLI_PUBLIC_URL", "https://linli.example", "public_url", "https://linli.example"),
        ("LINLI_TRUSTED_PROXIES", "10.0.0.1, ::1", "trusted_proxies", "10.0.0.1, ::1"),
        ("LINLI_DATABASE_URL", "postgres://u@db/linli", "url", "postgresql+psycopg://u@db/linli"),
        ("LINLI_DATABASE_URL", "postgresql://u@db/linli", "url", "postgresql+psycopg://u@db/linli"),
        ("LINLI_DATABASE_URL", "sqlite:///x.sqlite3", "url", "sqlite:///x.sqlite3"),
    ],
)
def test_a_right_value_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str, expected: object
) -> None:
    monkeypatch.setenv(name, value)

    assert getattr(settings.current(), field) == expected


@pytest.mark.parametrize("name", [f"LINLI_{field.upper()}" for field in Settings.model_fields])
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")

    assert settings.current() == Settings.model_construct()


def test_the_real_file_wins_over_the_demo_once_it_is_there(tmp_path: Path) -> None:
    held = Settings(data_dir=tmp_path)
    demo = held.url

    held.real_file.touch()

    assert (demo, held.url) == (f"sqlite:///{tmp_path}/demo.sqlite3", f"sqlite:///{tmp_path}/linli.sqlite3")


def test_the_keys_lie_beside_the_data_folder_and_not_in_it(tmp_path: Path) -> None:
    held = Settings(data_dir=tmp_path / "kept")

    assert held.key_path == tmp_path / "kept.key"
