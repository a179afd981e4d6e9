"""Personal fields: AES-GCM with a key id in each value, and keyed digests to look them up by.

The key file is JSON {"current": "k1", "keys": {"k1": base64}, "mac": base64}, mode 0600, outside
the data folder and never in a backup: without it the names in a stolen file stay closed.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import settings
from domain.errors import Refused

_NONCE = 12


class KeyProblem(Refused):
    """The key file is missing or another one: nothing personal can be read."""


class Keys:
    def __init__(self, file: Path) -> None:
        held = json.loads(file.read_text(encoding="ascii"))
        self.current: str = held["current"]
        self.ciphers = {name: AESGCM(base64.b64decode(key)) for name, key in held["keys"].items()}
        self.mac_key = base64.b64decode(held["mac"])


def make_key_file(file: Path) -> None:
    """Write new keys, readable by this user only; never over an existing file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    keys = {"k1": _random_key()}
    body = json.dumps({"current": "k1", "keys": keys, "mac": _random_key()})
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(body)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode("ascii")


@lru_cache(maxsize=8)
def _load(file: Path, _changed_ns: int) -> Keys:
    return Keys(file)


def keys() -> Keys:
    file = settings.current().key_path
    try:
        return _load(file, file.stat().st_mtime_ns)
    except FileNotFoundError:
        raise KeyProblem(f"找不到密钥文件 {file}，请从保管处取回，或用 LINLI_KEY_FILE 指明位置。") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise KeyProblem(f"密钥文件 {file} 打不开或内容不对，请换回原来的文件。") from None


def seal(text: str, held: Keys | None = None) -> bytes | None:
    """Encrypt; an empty text is kept as null. Layout: length of key id, key id, nonce, ciphertext."""
    if not text:
        return None
    held = held or keys()
    nonce = secrets.token_bytes(_NONCE)
    name = held.current.encode("ascii")
    return bytes([len(name)]) + name + nonce + held.ciphers[held.current].encrypt(nonce, text.encode(), name)


def unseal(value: bytes | None, held: Keys | None = None) -> str:
    if not value:
        return ""
    held = held or keys()
    end = 1 + value[0]
    name = value[1:end]
    nonce, body = value[end : end + _NONCE], value[end + _NONCE :]
    try:
        return held.ciphers[name.decode("ascii")].decrypt(nonce, body, name).decode()
    except (InvalidTag, KeyError, ValueError):  # ValueError: not even our layout
        raise KeyProblem("密钥与数据不匹配，请换回这份数据所用的密钥文件。") from None


def mac(text: str | bytes, held: Keys | None = None) -> bytes | None:
    """Make the keyed digest (32 bytes) that equal texts share; null for an empty one."""
    if not text:
        return None
    body = text if isinstance(text, bytes) else text.encode()
    return hmac.digest((held or keys()).mac_key, body, hashlib.sha256)


def mac_hex(text: str | bytes) -> str:
    return (mac(text) or b"").hex()


def key_file() -> Path:
    """Tell where the keys lie, so that they can be kept in a second place."""
    return settings.current().key_path
