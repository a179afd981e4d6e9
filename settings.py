"""Every environment variable, read once and loudly. Nothing else looks at the environment."""

from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HERE = Path(__file__).parent
_ENGINES = ("postgresql://", "postgres://", "postgresql+psycopg://", "sqlite:///")


class Settings(BaseSettings):
    """What an administrator may set; each name in upper case with LINLI_ in front of it."""

    # an empty variable counts as unset; the input stays out of errors, an address may hold a password
    model_config = SettingsConfigDict(
        env_prefix="LINLI_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(_HERE / "linli-data", description="the folder of everything it keeps")
    database_url: SecretStr | None = Field(None, description="PostgreSQL instead of the SQLite file")
    key_file: Path | None = Field(None, description="the keys; default: beside the data folder")
    serializable: bool = Field(False, description="PostgreSQL transactions SERIALIZABLE")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8501, ge=0, le=65535, description="port to listen on")
    public_url: str | None = Field(None, description="the address people type, behind a proxy")
    trusted_proxies: str = Field("", description="addresses whose X-Forwarded-* count, by comma")
    demo_lan: bool = Field(False, description="demo logins on the LAN, behind a printed passcode")
    demo_passcode: SecretStr | None = Field(None, description="that passcode; made at start if unset")
    idle_hours: float = Field(12, gt=0, le=24 * 365, description="a session ends after this long without a sign")
    worker: Literal["on", "off"] = Field("on", description="off: the app runs no jobs, `run.py worker` does")
    ping_url: str | None = Field(None, description="asked each minute while all is well; what watches it raises alarm")
    session_days: float = Field(7, gt=0, le=365, description="and after this long in any case")

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not url.get_secret_value().startswith(_ENGINES):
            raise ValueError("must be a postgresql:// address")
        return url

    @field_validator("public_url", "ping_url")
    @classmethod
    def _whole_address(cls, url: str | None) -> str | None:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, listed: str) -> str:
        for part in filter(None, map(str.strip, listed.split(","))):
            ip_address(part)
        return listed

    @cached_property
    def demo_file(self) -> Path:
        return self.data_dir / "demo.sqlite3"

    @cached_property
    def real_file(self) -> Path:
        return self.data_dir / "linli.sqlite3"

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def url(self) -> str:
        """Name the database in use: the one configured, else the real file once there is one."""
        if self.database_url:
            return _psycopg(self.database_url.get_secret_value())
        # the real file, once there, wins: 开始正式使用 is the making of it
        file = self.real_file if self.real_file.exists() else self.demo_file
        return f"sqlite:///{file}"

    @property
    def is_demo(self) -> bool:
        return self.url == f"sqlite:///{self.demo_file}"

    @property
    def blobs_dir(self) -> Path:
        """Give the folder of the photos: each database has its own."""
        if not self.is_sqlite:
            return self.data_dir / "blobs" / "postgresql"
        return self.photos_of(self.demo_file if self.is_demo else self.real_file)

    def photos_of(self, file: Path) -> Path:
        return self.data_dir / "blobs" / file.stem

    @property
    def key_path(self) -> Path:
        return self.key_file or self.data_dir.parent / f"{self.data_dir.name}.key"


def _psycopg(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


_current: list[Settings] = []


def current() -> Settings:
    if not _current:
        _current.append(_from_environment())
    return _current[0]


def _from_environment() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        told = (f"LINLI_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise ValueError("; ".join(told)) from None


def use(settings: Settings) -> Settings:
    """Put these in force: the command line's options, or a test's."""
    _current[:] = [settings]
    return settings
