import pytest

from domain.errors import Invalid
from domain.people import (
    check_phone,
    has_phone,
    is_phone,
    mask_address,
    mask_name,
    mask_phone,
    normal_phone,
    without_phones,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("", ""), ("张", "张"), ("张三", "张*"), ("张小三", "张**"), ("欧阳娜娜", "欧**"), ("阿依古丽·买买提", "阿**")],
)
def test_a_masked_name_keeps_its_first_character(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("", ""),
        ("13800001234", "138****1234"),
        ("057187654321", "0571****4321"),
        ("0571-12345678", "0571-****5678"),
        ("010-87654321", "010-****4321"),
        ("010-8765432", "010-****5432"),
        ("01087654321", "010****4321"),
        ("0571-87654321-801", "0571-****4321-***"),
        ("87654321", "****4321"),
        ("4008008888", "400****8888"),
        ("110", "*10"),
        ("12345", "***45"),
    ],
)
def test_a_masked_phone_keeps_its_area_code_and_at_most_its_last_four_digits(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", ""),
        ("3号楼2单元501", "3号楼***"),
        ("桂花小区3号楼2单元501", "桂花小区3号楼***"),
        ("桂花小区12栋1203", "桂花小区12栋***"),
        ("桂花小区501", "桂花小区***"),
        ("501室，3号楼", "***室，3号楼***"),
        ("88弄501室", "88弄***"),
        ("南门外平房", "***"),
    ],
)
def test_a_masked_address_keeps_the_building_and_hides_the_door(address: str, shown: str) -> None:
    assert mask_address(address) == shown
    assert "501" not in mask_address(address)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  ", ""),
        ("13800001234", "13800001234"),
        ("138 0000 1234", "13800001234"),
        ("138-0000-1234", "13800001234"),
        ("+86 138 0000 1234", "13800001234"),
        ("+86-138-0000-1234", "13800001234"),
        ("008613800001234", "13800001234"),
        ("8613800001234", "13800001234"),
        ("１３８００００１２３４", "13800001234"),
        ("\u202d138 0000 1234\u202c", "13800001234"),  # copied out of a telephone's contacts
        ("138\u00a00000\u30001234", "13800001234"),
        ("0571-87654321", "0571-87654321"),
        ("（0571）87654321", "057187654321"),
        ("0571-87654321-801", "0571-87654321-801"),
        ("0571-12345678", "0571-12345678"),
        ("057112345678", "057112345678"),
        ("010-1234567", "010-1234567"),
        ("0571-87654321转801", "0571-87654321-801"),
        ("0571-87654321 分机 801", "0571-87654321-801"),
        ("0571-87654321#801", "0571-87654321-801"),
        ("4008008888转2", "4008008888-2"),
        ("110", "110"),
        ("120", "120"),
        ("96345", "96345"),
        ("87654321", "87654321"),
        ("400-800-8888", "4008008888"),
        ("12345", "12345"),
    ],
)
def test_one_number_has_one_form_however_it_is_typed(typed: str, kept: str) -> None:
    assert check_phone(typed) == kept
    assert normal_phone(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "138",
        "111",
        "0571",
        "0571-",
        "0571-1234",
        "013800001234",
        "12345678",
        "1380000123",
        "138000012345",
        "张三",
        "1380000123a",
        "138,0000",
        "+",
        "1-",
    ],
)
def test_what_can_be_no_telephone_number_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="看起来不完整") as caught:
        check_phone(typed)

    assert caught.value.field == "phone"


@pytest.mark.parametrize(
    ("text", "phone"),
    [("13800001234", True), ("138 0000 1234", True), ("0571-87654321", True), ("E0012", False), ("3号楼", False)],
)
def test_what_could_be_a_number_is_known_as_one(text: str, phone: bool) -> None:
    assert is_phone(text) is phone


NUMBERS = ("13812345678", "138.1234.5678", "138—1234—5678", "138–1234–5678", "138/1234/5678", "138·1234·5678")
MORE_NUMBERS = ("１３８　１２３４　５６７８", "(0571) 8765-4321", "\u202d13812345678\u202c", "2026.11.22.13812345678")


@pytest.mark.parametrize("number", [*NUMBERS, *MORE_NUMBERS])
def test_a_number_is_found_among_words_however_it_is_written(number: str) -> None:
    assert has_phone(f"王阿姨 {number}")
    assert without_phones(f"王阿姨 {number} 漏水") == "王阿姨 漏水"


@pytest.mark.parametrize("text", ["3号楼 2 单元 501", "2026.11.22 巡查", "2026-1-5～2026-1-9", "E0012（3号楼）", ""])
def test_words_without_a_number_stay_as_they_are(text: str) -> None:
    assert without_phones(text) == text
