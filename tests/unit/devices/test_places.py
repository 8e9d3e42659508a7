"""Places: one door, however people say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.places import door_keys, place_key

DOOR = {"community": "北", "building": "3号楼", "unit": "2单元", "floor": "5", "room": "501室"}


@pytest.mark.parametrize(
    "asked",
    [
        "3-2-501",
        "3号楼2单元501",
        "三号楼二单元501室",
        "３－２－５０１",
        "3栋 2单元 501",
        "3/2/501",
        "3幢2-501",
        " 501 ",
        "2-501",
    ],
)
def test_a_door_is_found_by_each_way_of_saying_it(asked: str) -> None:
    assert place_key(asked) in door_keys(DOOR)


@pytest.mark.parametrize(
    ("numeral", "digits"),
    [("十", "10"), ("十二", "12"), ("二十", "20"), ("二十三", "23"), ("九", "9"), ("三〇一", "3〇1")],
)
def test_chinese_numerals_are_read_as_numbers(numeral: str, digits: str) -> None:
    assert place_key(f"{numeral}号楼") == digits


def test_an_address_without_a_room_is_found_by_its_building_and_one_without_anything_not() -> None:
    assert door_keys({"building": "和平楼", "unit": "2"}) == ["和平-2", "和平"]
    assert door_keys({"community": "北"}) == []
    assert door_keys({}) == []


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(text: str) -> None:
    assert place_key(place_key(text)) == place_key(text)
