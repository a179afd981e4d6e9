"""Passwords: what is good enough, and the random ones handed out at first."""

import secrets

from domain.errors import Invalid

SHORTEST, LONGEST = 8, 128
_GROUPS, _GROUP = 3, 4
_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0/o, 1/l/i: it is read out on the phone
_COMMON_WORDS = (
    "12345678 123456789 1234567890 87654321 987654321 0987654321 11223344 12344321 12341234 "
    "123123123 1234qwer 1q2w3e4r 1qaz2wsx qwertyui qwertyuiop qwer1234 asdfghjkl zxcvbnm123 "
    "abcd1234 abc12345 abcdefgh a1234567 a12345678 a123456789 aa123456 aaa123456 123456aa "
    "123456abc woaini1314 woaini520 5201314520 13145201314 1314520520 iloveyou password "
    "password1 passw0rd p@ssw0rd p@ssword admin123 admin888 admin1234 administrator root1234 "
    "test1234 changeme welcome1 letmein1 linli123 linli2024 linli2025 linli2026 shequ123 "
    "shequ1234 shequ2025 shequ2026 wangge123 wuye1234 zhiyuan123"
)
_COMMON = frozenset(_COMMON_WORDS.split())


def check(password: str, *, login: str) -> None:
    """Refuse a password that others would guess within their first few hundred tries."""
    plain = password.casefold()
    if len(password) < SHORTEST:
        raise Invalid(f"新密码至少 {SHORTEST} 位，请换一个长一些的。", field="new")
    if len(password) > LONGEST:
        raise Invalid(f"新密码最多 {LONGEST} 位。", field="new")
    if plain in (login.casefold(), login.casefold()[::-1]):
        raise Invalid("新密码不能与账号相同，请换一个。", field="new")
    if plain in _COMMON or len(set(plain)) < 4:
        raise Invalid("这个密码太常见，容易被猜中，请换一个。", field="new")


def generate() -> str:
    """Make an initial password of some 59 random bits, e.g. k7wm-p2xd-9hqa."""
    groups = ("".join(secrets.choice(_CLEAR) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
