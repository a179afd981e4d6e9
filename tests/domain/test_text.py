import pytest

from domain.text import clean


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" 楼道灯坏了\n", "楼道灯坏了"),
        ("两行\n都留下\t的", "两行\n都留下\t的"),
        ("看不见的\x00字符\x07没了", "看不见的字符没了"),
        ("半个\ud83d字符", "半个字符"),
        ("灯💡留下", "灯💡留下"),
    ],
)
def test_characters_that_no_database_takes_are_left_out(typed: str, kept: str) -> None:
    assert clean(typed) == kept
