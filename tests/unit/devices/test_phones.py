"""Phone numbers: one number is written one way, however it was typed, and what is none is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.phones import normalise_phone, phone_digits


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        " 138 0013 8000 ",
        "138-0013-8000",
        "１３８００１３８０００",
        "＋８６ １３８　００１３　８０００",
        "+8613800138000",
        "0086 138 0013 8000",
        "86 13800138000",
        "(+86)13800138000",
        "13800138000.0",
        "\u202a13800138000\u202c",
        "138\u00a00013\u00a08000",
        "138–0013—8000",
    ],
)
def test_a_mobile_number_is_the_same_however_it_was_typed(typed: str) -> None:
    assert normalise_phone(typed) == "13800138000"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("021 6543-2100", "02165432100"),
        ("（021）65432100", "02165432100"),
        ("+86 21 65432100", "02165432100"),
        ("+86 (0)21 65432100", "02165432100"),
        ("0086-10-65432100", "01065432100"),
        ("+86 755 26543210", "075526543210"),
        ("86543210", "86543210"),
        ("400-123-4567", "4001234567"),
        ("+86 400 123 4567", "4001234567"),
        ("+8695588", "95588"),
        ("120", "120"),
        ("+852 2123 4567", "+85221234567"),
        ("00852 21234567", "+85221234567"),
        ("+44 20 7946 0123", "+442079460123"),
    ],
)
def test_landlines_short_numbers_and_numbers_abroad_keep_what_dials_them(typed: str, kept: str) -> None:
    assert normalise_phone(typed) == kept


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "digits"),
        ("call me", "digits only"),
        ("12", "3 to 15"),
        ("1380013800", "11 digits, this one has 10"),
        ("138001380001", "11 digits, this one has 12"),
        ("+86 1380013800", "11 digits, this one has 10"),
        ("+86", "3 to 15"),
        ("+86 12", "missing"),
        ("1.38E+10", "digits only"),
        ("13800138000/13900139000", "two numbers"),
        ("13800138000、13900139000", "two numbers"),
        ("021-65432100转801", "digits only"),
        ("+1234567890123456", "3 to 15"),
        ("++8613800138000", "digits only"),
        ("१३८००१३८०००", "digits only"),
    ],
)
def test_what_is_no_number_is_refused_with_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        normalise_phone(typed)


@given(st.text(max_size=40))
def test_normalising_again_changes_nothing(typed: str) -> None:
    try:
        once = normalise_phone(typed)
    except ValueError:
        return
    assert normalise_phone(once) == once
    assert once.removeprefix("+").isdigit()


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("+86 138 0013 8000", "13800138000"),
        ("+86 138 0013", "1380013"),
        ("8000", "8000"),
        ("+852 2123 4567", "85221234567"),
        ("李", None),
        ("0013-8", "00138"),
    ],
)
def test_a_part_of_a_number_is_looked_for_by_its_digits(typed: str, digits: str | None) -> None:
    assert phone_digits(typed) == digits
